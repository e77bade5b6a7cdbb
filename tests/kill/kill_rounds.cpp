// Kill rounds: workers that create, refund and receive are ended by SIGKILL at random points, in the middle of whatever
// they do, and so is one that reconciles. Afterwards no write was sent twice, none is forgotten, and the store agrees
// with the service's own books.
//
//   till_kill_rounds [--rounds 1000] [--seed 1] [--store sqlite:/path | postgres://...] [--workers 4] [--span-ms 40]
//
// Also from the environment: TILL_KILL_ROUNDS, TILL_KILL_SEED, TILL_KILL_STORE. One round is one process killed. The
// program has no thread of its own, so that it can fork warm workers: the service runs in a child.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <new>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/runtime/engine.h"
#include "core/runtime/gateway.h"
#include "core/runtime/runtime.h"
#include "core/store/queue.h"
#include "tests/kill/books.h"

namespace till {
namespace {

constexpr std::size_t kMaxWorkers = 16;
// How far ahead of the workers a reconciler's clock is: every write in flight is beyond its deadline there.
constexpr std::int64_t kAheadMs = 5LL * 60'000;
// The last reconciler's passes, each beyond every lease and every pause between two questions about a write.
constexpr int kLastPasses = 3;
constexpr std::int64_t kPassAheadMs = 8LL * 3'600'000;
constexpr std::size_t kMaxOrders = 16 * 1'024;
constexpr std::size_t kEverything = 1'000'000;

constexpr std::string_view kScript = R"lua(
local function payment(data)
  return {id = data.id, status = data.status, amount = money.of("48.25", "EUR"), reference = data.reference,
          created_at = data.created_at, raw = data}
end
function provider.payments.create(input)
  return payment(http.post("/payments", {json = {reference = input.reference, key = input.idempotency_key}}).json)
end
function provider.payments.get(input)
  return payment(http.get("/payments/{id}", {path = {id = input.provider_id}}).json)
end
function provider.payments.list(input)
  local items = json.array({})
  for i, data in ipairs(http.get("/payments", {query = {reference = input.reference}}).json.data) do items[i] = payment(data) end
  return {items = items}
end
local function refund(data) return {id = data.id, status = "pending", raw = data} end
function provider.refunds.create(input)
  return refund(http.post("/refunds", {json = {id = input.payment.provider_id, key = input.idempotency_key}}).json)
end
function provider.refunds.list(input)
  local items = json.array({})
  for i, data in ipairs(http.get("/refunds", {query = {id = input.payment.provider_id}}).json.data) do items[i] = refund(data) end
  return {items = items}
end
function provider.webhooks.receive(input) return {event = "paid", payment = {id = input.json.id}} end
provider.native.pay = function(params) return http.post("/paid", {json = params, read = true}).json end
)lua";

constexpr std::string_view kManifest = R"json({
  "manifest": 1, "id": "strict", "version": "1.0.0", "name": "Strict", "summary": "A strict service.",
  "homepage": "https://strict.example", "documentation": [],
  "capabilities": {"payments.create": {}, "payments.get": {}, "payments.list": {}, "refunds.create": {}, "refunds.list": {},
                   "webhooks.receive": {}},
  "native": {"pay": {"summary": "As if a payer paid."}},
  "settings": {"type": "object", "properties": {}, "required": [], "additionalProperties": false},
  "modes": {"live": {"base_url": "https://strict.example"}}, "default_mode": "live", "hosts": ["strict.example"],
  "auth": {"scheme": "none"},
  "errors": {"rules": [{"status": [400, 599], "kind": "ProviderError"}]},
  "webhooks": {"events": {"paid": "It was paid."}, "signed": false, "reason": "Nothing is signed."},
  "reconcile": {"payments.create": {"by": "reference"}, "refunds.create": {"by": "list", "untimed": true}},
  "currencies": ["EUR"]
})json";

struct Options {
  int rounds = 1'000;
  std::uint64_t seed = 1;
  std::string store;  // empty: a file in a folder of its own
  std::size_t workers = 4;
  int span_ms = 40;  // a worker lives from 0 to so long
};

// What a worker leaves behind, in memory that outlives it.
struct Slot {
  std::atomic<std::uint64_t> next{0};            // the order that is being worked on
  std::atomic<bool> told_paid[kMaxOrders] = {};  // a webhook said so and was acknowledged
};
struct Shared {
  Slot slots[kMaxWorkers];
  std::atomic<std::uint64_t> calls{0}, settled{0}, passes{0};
};

// The system's clock, and a while later.
class ShiftedClock final : public Clock {
 public:
  UnixMillis now_ms() const override { return system_.now_ms() + shift_ms_.load(); }
  void shift(std::int64_t by_ms) { shift_ms_ += by_ms; }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> shift_ms_{0};
};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "FAILED: %s\n", why.c_str());
  std::_Exit(1);
}

template <class T>
T must(Result<T> result, const char* what) {
  if (!result.ok()) give_up(std::string(what) + ": " + result.error().code + ": " + result.error().message);
  return std::move(result).value();
}

json::Value parsed(const std::string& text) { return must(json::parse(text, {.max_bytes = text.size()}), "JSON"); }

void write_file(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string make_folder() {
  char name[] = "/tmp/till-kill-XXXXXX";
  if (mkdtemp(name) == nullptr) give_up("no folder");
  return name;
}

// ---- what the processes do

class Rounds {
 public:
  explicit Rounds(Options options) : options_(std::move(options)), random_(options_.seed) {
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) give_up("no shared memory");
    shared_ = new (memory) Shared;
  }

  int run();

 private:
  void serve();
  void open();
  template <class Work>
  pid_t fork_off(Work work);
  void work(std::size_t slot);
  void order(std::size_t slot, std::uint64_t number);
  void reconcile_again();
  void kill_one_batch(int& killed);
  void settle_all();
  std::string books_path() const { return folder_ + "/books.json"; }
  void check();
  bool told_paid(const std::string& reference) const;
  void check_writes(const json::Value& books, const std::vector<Write>& writes) const;
  void check_payments(const json::Value& books, Store& store, const std::vector<Payment>& payments) const;

  const Options options_;
  std::mt19937_64 random_;
  Shared* shared_;
  const std::string folder_ = make_folder();
  std::string base_url_;
  pid_t service_ = -1;
  std::shared_ptr<ShiftedClock> clock_ = std::make_shared<ShiftedClock>();
  std::shared_ptr<Runtime> runtime_;
  std::shared_ptr<Gateway> shop_;
};

// The child runs `work` and ends without any clean-up of what it inherited.
template <class Work>
pid_t Rounds::fork_off(Work work) {
  const pid_t child = fork();
  if (child < 0) give_up("cannot fork");
  if (child > 0) return child;
  work();
  std::_Exit(0);
}

void Rounds::serve() {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) give_up("no pipe");
  service_ = fork_off([&] {
    sigset_t end;
    sigemptyset(&end);
    sigaddset(&end, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &end, nullptr);
    Books service(options_.seed);
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
    base_url_.append(url, static_cast<std::size_t>(got));
  ::close(pipe_ends[0]);
}

void Rounds::open() {
  write_file(folder_ + "/strict/manifest.json", kManifest);
  write_file(folder_ + "/strict/provider.lua", kScript);
  RuntimeOptions options;
  options.plugin_path = {folder_};
  options.store = options_.store.empty() ? folder_ + "/till.sqlite3" : options_.store;
  options.clock = clock_;
  runtime_ = must(Runtime::open(options), "runtime");
  shop_ = must(Gateway::open(runtime_, "strict",
                             json::write(json::Object{{"base_url", base_url_},
                                                      {"timeout_ms", json::Value::integer(10'000)},
                                                      {"label", "kill-" + std::to_string(getpid())}})),
               "gateway");
}

// Begins with what the one before was killed at, and goes on from there.
void Rounds::work(std::size_t slot) {
  for (std::uint64_t number = shared_->slots[slot].next; number < kMaxOrders; ++number) order(slot, number);
  while (true) pause();
}

// One order: made, paid and told, given back.
void Rounds::order(std::size_t slot, std::uint64_t number) {
  Slot& mine = shared_->slots[slot];
  if (number > mine.next) mine.next = number;
  const std::string name = "s" + std::to_string(slot) + "-" + std::to_string(number);
  const auto call = [&](std::string_view operation, const json::Value& input) {
    ++shared_->calls;
    return shop_->call(operation, json::write(input));
  };
  const auto made =
      call("payments.create", json::Object{{"amount", json::Object{{"amount", "48.25"}, {"currency", "EUR"}}},
                                           {"reference", name},
                                           {"idempotency_key", "create-" + name}});
  if (!made.ok()) return;
  const json::Value payment = parsed(*made);
  const std::string id(*payment.find_string("id")), provider_id(*payment.find_string("provider_id"));
  if (number % 3 == 0) (void)call("native.pay", json::Object{{"id", provider_id}, {"key", ""}});
  const auto told =
      call("webhooks.receive", json::Object{{"headers", json::Object{{"Content-Type", "application/json"}}},
                                            {"body", R"({"id":")" + provider_id + "\"}"}});
  if (told.ok()) {
    const json::Value result = parsed(*told);
    const json::Value* seen = result.find("payment");
    if (seen && seen->find_string("status") == "paid") mine.told_paid[number] = true;
  }
  if (number % 2 == 0)
    (void)call("refunds.create", json::Object{{"payment_id", id}, {"idempotency_key", "refund-" + name}});
}

void Rounds::reconcile_again() {
  clock_->shift(kAheadMs);
  while (true) {
    const auto report = shop_->call("reconcile", R"({"limit":1000})");
    ++shared_->passes;
    if (report.ok()) shared_->settled += static_cast<std::uint64_t>(*parsed(*report).find_integer("settled"));
    usleep(2'000);
  }
}

// Each process of a batch lives for a time of its own.
void Rounds::kill_one_batch(int& killed) {
  std::vector<std::pair<std::int64_t, pid_t>> lives;  // microseconds, process
  for (std::size_t slot = 0; slot < options_.workers; ++slot) {
    const auto life = static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(options_.span_ms * 1'000));
    const bool reconciles = slot + 1 == options_.workers;
    lives.emplace_back(life, fork_off([&, slot, reconciles] { reconciles ? reconcile_again() : work(slot); }));
  }
  std::sort(lives.begin(), lives.end());
  std::int64_t now = 0;
  for (const auto& [life, process] : lives) {
    usleep(static_cast<useconds_t>(life - now));
    now = life;
    kill(process, SIGKILL);
    int status = 0;
    waitpid(process, &status, 0);
    if (!WIFSIGNALED(status)) give_up("a worker ended by itself");
    ++killed;
  }
}

// The last restart: everything is beyond its deadline, and is asked about until nothing more is settled.
void Rounds::settle_all() {
  const pid_t last = fork_off([this] {
    for (int i = 0; i < kLastPasses; ++i) {
      clock_->shift(kPassAheadMs);
      for (bool more = true; more;) {
        const json::Value report = parsed(must(shop_->call("reconcile", R"({"limit":1000})"), "reconcile"));
        more = report.find_integer("looked") == 1'000;
        shared_->settled += static_cast<std::uint64_t>(*report.find_integer("settled"));
      }
    }
  });
  int status = 0;
  waitpid(last, &status, 0);
  if (status != 0) give_up("the last reconciliation failed");
}

// ---- what must be true

// "s2-17": the order that it names.
bool Rounds::told_paid(const std::string& reference) const {
  const auto dash = reference.find('-');
  return shared_->slots[std::stoul(reference.substr(1, dash - 1))].told_paid[std::stoul(reference.substr(dash + 1))];
}

void Rounds::check_writes(const json::Value& books, const std::vector<Write>& writes) const {
  std::map<std::string, const Write*> by_key;
  std::size_t done = 0, unknown = 0;
  for (const Write& write : writes) {
    by_key[write.idempotency_key] = &write;
    if (write.state == WriteState::kInFlight) give_up(write.idempotency_key + " is still in flight");
    ++(write.state == WriteState::kDone ? done : unknown);
  }
  std::size_t sent = 0;
  for (const auto& [key, count] : *books.find("received")->object()) {
    if (key.empty()) continue;
    ++sent;
    if (*count.as_integer() != 1) give_up(key + " was sent " + count.number()->text + " times");
    if (!by_key.contains(key)) give_up(key + " was sent and is not in the store");
  }
  for (const auto& [key, write] : by_key)
    if (write->state == WriteState::kDone && !books.find("received")->find(key))
      give_up(key + " is done, and was never sent");
  std::printf("writes: %zu sent, %zu done, %zu unknown and visible\n", sent, done, unknown);
}

void Rounds::check_payments(const json::Value& books, Store& store, const std::vector<Payment>& payments) const {
  std::map<std::string, const Payment*> by_id;
  std::size_t unknown = 0, refunds = 0, paid = 0;
  for (const Payment& payment : payments) {
    if (payment.outcome == Outcome::kUnknown) ++unknown;
    if (!payment.provider_id.empty() && !by_id.emplace(payment.provider_id, &payment).second)
      give_up("two payments are " + payment.provider_id);
  }
  for (const auto& [id, kept] : *books.find("payments")->object()) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) give_up("the service has " + id + ", and no payment is known to be it");
    const Payment& payment = *found->second;
    if (payment.reference != kept.find_string("reference")) give_up(id + " has another reference in the store");
    const std::string refund(*kept.find_string("refund"));
    if (payment.refunds.size() > 1) give_up(id + " is refunded twice in the store");
    if (payment.refunds.empty() != refund.empty()) give_up(id + ": the refund is only on one side");
    if (!refund.empty() && payment.refunds[0].find_string("provider_id") != refund) give_up(id + " has another refund");
    refunds += payment.refunds.size();
    std::map<std::string, int> events;
    for (const Event& event : must(store.list_events(payment.id), "events")) ++events[event.type];
    if (events["payment.created"] != 1)
      give_up(id + " was created " + std::to_string(events["payment.created"]) + " times");
    if (events["payment.paid"] > 1) give_up(id + " became paid twice");
    if (events["refund.created"] != static_cast<int>(payment.refunds.size())) give_up(id + ": refund events differ");
    if (payment.status == PaymentStatus::kPaid)
      ++paid;
    else if (told_paid(payment.reference))
      give_up(id + ": a webhook was acknowledged, and its effect is gone");
    if (payment.status == PaymentStatus::kPaid && kept.find_string("status") != "paid") give_up(id + " is not paid");
  }
  if (books.find("payments")->object()->size() != by_id.size())
    give_up("the store has payments that the service has not");
  std::printf("payments: %zu at the service, %zu known, %zu unknown; %zu refunds, %zu paid\n",
              books.find("payments")->object()->size(), by_id.size(), unknown, refunds, paid);
}

void Rounds::check() {
  const json::Value said = parsed(read_file(books_path()));
  auto engine = must(runtime_->engine(), "engine");
  const Status read = engine->store().read([&](Store& store) -> Status {
    TILL_ASSIGN(const auto writes, store.list_writes({.gateway = shop_->name(), .limit = kEverything}));
    TILL_ASSIGN(const auto payments, store.list_payments({.gateway = shop_->name(), .limit = kEverything}));
    check_writes(said, writes);
    check_payments(said, store, payments);
    return {};
  });
  if (!read.ok()) give_up("the store cannot be read: " + read.error().message);
  std::printf("answers lost by the service: %lld\n", static_cast<long long>(*said.find_integer("lost")));
}

int Rounds::run() {
  std::printf("%d rounds, seed %llu, %zu processes at once, store %s\n", options_.rounds,
              static_cast<unsigned long long>(options_.seed), options_.workers,
              options_.store.empty() ? "sqlite" : options_.store.substr(0, options_.store.find(':')).c_str());
  std::fflush(stdout);
  serve();
  open();
  const auto begin = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count(); };
  // The store is made before anyone is killed, as it is in any shop.
  const pid_t first = fork_off([this] { (void)must(shop_->call("reconcile", "{}"), "first pass"); });
  waitpid(first, nullptr, 0);
  int killed = 0;
  while (killed < options_.rounds) kill_one_batch(killed);
  const double rounds_s = seconds();
  settle_all();
  const double settle_s = seconds() - rounds_s;
  kill(service_, SIGUSR1);
  waitpid(service_, nullptr, 0);
  // In a child, so that this process never has a thread.
  const pid_t checker = fork_off([this] {
    check();
    std::fflush(stdout);
  });
  int status = 0;
  waitpid(checker, &status, 0);
  std::printf(
      "%d processes killed in %.1f s (%.0f ms each); %llu calls, %llu passes of reconcilers that were killed, "
      "%llu writes settled; last reconciliation %.1f s\n",
      killed, rounds_s, rounds_s * 1'000 / killed, static_cast<unsigned long long>(shared_->calls),
      static_cast<unsigned long long>(shared_->passes), static_cast<unsigned long long>(shared_->settled), settle_s);
  if (status == 0) std::filesystem::remove_all(folder_);
  std::printf(status == 0 ? "OK\n" : "FAILED; what is left is in %s\n", folder_.c_str());
  return status == 0 ? 0 : 1;
}

Options read_options(int argc, char** argv) {
  Options options;
  const auto environment = [](const char* name, const std::string& otherwise) {
    const char* value = std::getenv(name);
    return value ? std::string(value) : otherwise;
  };
  options.rounds = std::stoi(environment("TILL_KILL_ROUNDS", "1000"));
  options.seed = std::stoull(environment("TILL_KILL_SEED", std::to_string(std::random_device{}())));
  options.store = environment("TILL_KILL_STORE", "");
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--rounds") options.rounds = std::stoi(value);
    if (name == "--seed") options.seed = std::stoull(value);
    if (name == "--store") options.store = value;
    if (name == "--workers") options.workers = std::stoul(value);
    if (name == "--span-ms") options.span_ms = std::stoi(value);
  }
  if (options.workers < 2 || options.workers > kMaxWorkers || options.span_ms < 1 || options.rounds < 1)
    give_up("expected 2 to 16 workers, a span of at least 1 ms, and a round");
  return options;
}

}  // namespace
}  // namespace till

int main(int argc, char** argv) { return till::Rounds(till::read_options(argc, argv)).run(); }
