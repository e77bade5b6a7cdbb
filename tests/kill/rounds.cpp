#include "tests/kill/rounds.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/runtime/inbox.h"
#include "tests/kill/books.h"
#include "tests/kill/checks.h"
#include "tests/kill/strict.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

// So many times the wanted rounds may it take until workers have come to something.
constexpr int kMostRounds = 20;
// The longest pause before the database is stopped, and before it is started again.
constexpr std::uint64_t kLongestPauseUs = 300'000;

}  // namespace

Rounds::Rounds(Options options)
    : options_(std::move(options)), folder_(make_folder("/tmp/till-kill-")), shared_(make_shared_memory()) {
  report_faults_to([this] { ++shared_->faults; });
}

// The service, in a process of its own until it is asked for its books.
void Rounds::serve() {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) give_up("no pipe");
  service_ = fork_off([&] {
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &end, nullptr);
    Books service(options_.seed, shared_->outbox);
    const std::string url = service.base_url();
    if (::write(pipe_ends[1], url.data(), url.size()) < 0) give_up("no pipe");
    ::close(pipe_ends[1]);
    int signal = 0;
    sigwait(&end, &signal);
    write_file(books_path(), service.books());
  });
  ::close(pipe_ends[1]);
  char url[256];
  for (ssize_t got = 0; (got = ::read(pipe_ends[0], url, sizeof url)) > 0;)
    place_.base_url.append(url, static_cast<std::size_t>(got));
  ::close(pipe_ends[0]);
}

void Rounds::begin() {
  std::printf("%d rounds, seed %llu, %zu machine%s with %zu processes at once, store %s\n", options_.rounds,
              static_cast<unsigned long long>(options_.seed), options_.machines, options_.machines == 1 ? "" : "s",
              options_.workers,
              options_.database_stops > 0 ? "postgres, stopped now and then"
              : options_.store.empty()    ? "sqlite"
                                          : options_.store.substr(0, options_.store.find(':')).c_str());
  std::fflush(stdout);
  place_.folder = folder_;
  place_.store = options_.store.empty() ? folder_ + "/till.sqlite3" : options_.store;
  if (options_.database_stops > 0) place_.store = database_.emplace().url();
  shared_->stops_to_come = options_.database_stops;
  place_.label = "kill-" + std::to_string(getpid());
  write_file(folder_ + "/strict/manifest.json", kManifest);
  write_file(folder_ + "/strict/provider.lua", kScript);
  serve();
  if (!ends_well(fork_off([this] { Shop(place_, *shared_).open_store(); }))) give_up("the store cannot be made");
}

void Rounds::run_machine(std::size_t machine) {
  Shop shop(place_, *shared_);
  if (machine > 0) {
    const auto machines = static_cast<std::int64_t>(options_.machines);
    shop.set_clock_ahead(static_cast<std::int64_t>(machine) * kFurthestAheadMs / (machines - 1));
  }
  std::mt19937_64 random(options_.seed + machine);
  while ((shared_->killed < options_.rounds || shared_->stops_to_come > 0 || came_to_nothing()) && shared_->faults == 0)
    kill_one_batch(shop, machine, random);
}

// Each kind of work ended well at least once, or else nothing is shown: more rounds are needed then.
bool Rounds::came_to_nothing() const {
  const bool something = shared_->created > 0 && shared_->refunded > 0 && shared_->believed > 0 && shared_->done > 0;
  return !something && shared_->killed < options_.rounds * kMostRounds;
}

// Each process of a batch lives for a time of its own.
void Rounds::kill_one_batch(Shop& shop, std::size_t machine, std::mt19937_64& random) {
  std::vector<std::pair<std::int64_t, pid_t>> lives;  // microseconds, process
  for (std::size_t worker = 0; worker < options_.workers; ++worker) {
    const auto life = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(options_.span_ms * 1'000));
    const bool reconciles = worker + 1 == options_.workers;
    const std::size_t slot = machine * options_.workers + worker;
    lives.emplace_back(life,
                       fork_off([&shop, slot, reconciles] { reconciles ? shop.reconcile_again() : shop.work(slot); }));
  }
  std::sort(lives.begin(), lives.end());
  std::int64_t now = 0;
  for (const auto& [life, process] : lives) {
    usleep(static_cast<useconds_t>(life - now));
    now = life;
    kill(process, SIGKILL);
    int status = 0;
    waitpid(process, &status, 0);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) give_up("a worker ended by itself");
    ++shared_->killed;
  }
}

// Each stop comes at a random moment of its own share of the rounds.
void Rounds::stop_database_now_and_then() {
  std::mt19937_64 random(options_.seed);
  const int share = std::max(options_.rounds / options_.database_stops, 1);
  for (int stop = 0; stop < options_.database_stops; ++stop) {
    const int moment = stop * share + static_cast<int>(random() % static_cast<std::uint64_t>(share));
    while (shared_->killed < moment && shared_->faults == 0) usleep(1'000);
    if (shared_->faults > 0) return;
    usleep(static_cast<useconds_t>(random() % kLongestPauseUs));
    ++shared_->database_turns;
    database_->stop(stop % 2 == 0 ? "immediate" : "fast");
    usleep(static_cast<useconds_t>(random() % kLongestPauseUs));
    database_->start();
    ++shared_->database_turns;
    --shared_->stops_to_come;
  }
}

// The last restart.
void Rounds::mend() {
  Shop shop(place_, *shared_);
  check_answers(shop, *shared_);
  shop.settle_all();
  shop.deliver_all();
  shop.handle_all();
}

// Until the machines have had their rounds.
bool Rounds::kill_all() {
  std::vector<pid_t> machines;
  for (std::size_t machine = 0; machine < options_.machines; ++machine)
    machines.push_back(fork_off([this, machine] { run_machine(machine); }));
  if (database_) stop_database_now_and_then();
  bool well = true;
  for (const pid_t machine : machines) well = ends_well(machine) && well;
  return well;
}

// In a child, and with the service's books.
bool Rounds::check() {
  kill(service_, SIGUSR1);
  return ends_well(service_) && ends_well(fork_off([this] {
           Shop shop(place_, *shared_);
           check_books(shop, *shared_, parsed(read_file(books_path())));
           check_handled(shop, *shared_);
         }));
}

bool Rounds::run() {
  using Clock = std::chrono::steady_clock;
  begin();
  const auto begun = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
  bool well = kill_all();
  const double rounds_s = seconds();
  well = well && ends_well(fork_off([this] { mend(); })) && check();
  if (database_) database_->remove();
  report(rounds_s, seconds() - rounds_s);
  well = well && shared_->faults == 0;
  if (well) std::filesystem::remove_all(folder_);
  std::printf(well ? "OK\n" : "FAILED; what is left is in %s\n", folder_.c_str());
  return well;
}

void Rounds::report(double rounds_s, double mend_s) const {
  std::printf(
      "%d processes killed in %.1f s (%.0f ms each); %llu calls, %llu passes of reconcilers that were killed, "
      "%llu writes settled; mended and checked in %.1f s\n",
      shared_->killed.load(), rounds_s, rounds_s * 1'000 / shared_->killed,
      static_cast<unsigned long long>(shared_->calls), static_cast<unsigned long long>(shared_->passes),
      static_cast<unsigned long long>(shared_->settled), mend_s);
  if (database_)
    std::printf("the database was stopped %d times; %llu calls that it was stopped under ended well\n",
                shared_->database_turns / 2, static_cast<unsigned long long>(shared_->outlived));
  int deliveries = 0;
  for (std::size_t place = 0; place < shared_->outbox.size(); ++place) deliveries += shared_->outbox[place].deliveries;
  std::printf("%d deliveries of events; %llu answers: believed, %llu: a duplicate, %llu: kept for an unknown payment\n",
              deliveries, static_cast<unsigned long long>(shared_->believed),
              static_cast<unsigned long long>(shared_->duplicates), static_cast<unsigned long long>(shared_->kept));
}

}  // namespace till::rounds
