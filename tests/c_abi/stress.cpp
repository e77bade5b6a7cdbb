// The stress program: many threads, a fork, and a thousand payments at once on one I/O thread, all kept in one SQLite
// file, which the child shares. Meant to run under ThreadSanitizer (TSAN_OPTIONS=die_after_fork=0) and
// AddressSanitizer. The provider runs in a process of its own.
//
// Usage: till_stress [payments in flight]; exits 0 when every payment came back right and is in the
// store.

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

constexpr int kThreads = 8;
constexpr int kPaymentsPerThread = 200;

// One payment with an amount of its own, which must come back exactly.
bool pay(till_gateway* gateway, int number) {
  const std::string amount = std::to_string(number) + (number % 2 == 0 ? ".07" : ".90");
  const std::string input = R"({"amount": {"amount": ")" + amount + R"(", "currency": "EUR"}, "reference": ")" +
                            std::to_string(number) + "\"}";
  const auto payment = call(gateway, "payments.create", input);
  const bool good = payment.status == TILL_OK && has(payment.json, R"({"amount":")" + amount + "\"");
  if (!good) std::fprintf(stderr, "payment %d: %s\n", number, payment.json.c_str());
  return good;
}

// kThreads threads, each with kPaymentsPerThread payments on the same gateway. Returns how many failed.
int pay_on_threads(till_gateway* gateway, int threads) {
  std::atomic<int> failed{0};
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([gateway, t, &failed] {
      for (int i = 0; i < kPaymentsPerThread; ++i) failed += pay(gateway, 1 + t * kPaymentsPerThread + i) ? 0 : 1;
    });
  }
  for (auto& thread : running) thread.join();
  return failed.load();
}

struct Flight {
  std::atomic<int> landed{0};
  std::atomic<int> failed{0};
};

void land(void* context, till_status status, till_reply* reply, till_error* error) {
  auto* flight = static_cast<Flight*>(context);
  if (status != TILL_OK) {
    std::fprintf(stderr, "in flight: %s\n", till_error_json(error, nullptr));
    ++flight->failed;
  }
  till_reply_free(reply);
  till_error_free(error);
  ++flight->landed;
  flight->landed.notify_one();
}

// Starts `count` payments from this thread alone; the server answers none before all of them wait. Returns the
// failures.
int pay_in_flight(till_gateway* gateway, int count) {
  Flight flight;
  for (int i = 0; i < count; ++i) {
    const auto status =
        till_start(gateway, "payments.create", kPayment.data(), kPayment.size(), land, &flight, nullptr);
    if (status != TILL_OK) ++flight.failed, ++flight.landed;
  }
  for (int landed = flight.landed; landed < count; landed = flight.landed) flight.landed.wait(landed);
  return flight.failed;
}

int threads_of_this_process() {
  int threads = 0;
  std::FILE* status = std::fopen("/proc/self/status", "r");
  char line[256];
  while (status != nullptr && std::fgets(line, sizeof line, status) != nullptr) {
    if (std::sscanf(line, "Threads: %d", &threads) == 1) break;
  }
  if (status != nullptr) std::fclose(status);
  return threads;
}

int report(const char* what, int payments, int failed) {
  std::printf("%-32s %5d payments, %d failed\n", what, payments, failed);
  std::fflush(stdout);
  return failed;
}

// In a child glibc hands the stacks of the parent's threads to new ones. ThreadSanitizer knows threads by their stacks,
// takes that for a thread made twice and gives up; a larger stack than any so far is never a used one.
void avoid_used_stacks() {
#if defined(__SANITIZE_THREAD__)
  constexpr std::size_t kStackBytes = 64u << 20;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_setattr_default_np(&attributes);
  pthread_attr_destroy(&attributes);
#endif
}

// The second half of the promise: the child of a process that used the runtime uses it too.
int pay_in_child(till_gateway* gateway) {
  avoid_used_stacks();
  const int failed = pay_on_threads(gateway, 1);
  report("in the child", kPaymentsPerThread, failed);
  return failed == 0 ? 0 : 1;
}

// A folder for the store, removed with all that is in it.
class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "till-stress-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) std::perror("no folder for the store"), std::exit(1);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Whether the file holds every payment, the child's too, none twice and none open. Returns 1 when it does not.
int check_store(till_runtime* runtime, int payments) {
  const auto info = ask_store(runtime, "store.info", "{}");
  const bool good = has(info.json, R"("kind":"sqlite")") &&
                    has(info.json, "\"payments\":" + std::to_string(payments) + ",") &&
                    has(info.json, R"("payments_unknown":0,"writes_unsettled":0,)");
  if (!good) std::fprintf(stderr, "the store should hold %d payments: %s\n", payments, info.json.c_str());
  return report("in the store", payments, good ? 0 : 1);
}

int run(const LoopbackServer& server, const std::string& store, int in_flight) {
  const auto runtime = open_runtime(R"(, "max_connections_per_origin": )" + std::to_string(in_flight), store);
  const auto gateway = open_gateway(runtime.get(), server.base_url("/now"));
  int failed = report("8 threads", kThreads * kPaymentsPerThread, pay_on_threads(gateway.get(), kThreads));
  const pid_t child = ::fork();
  if (child == 0) std::_Exit(pay_in_child(gateway.get()));
  failed += report("in the parent after fork", kPaymentsPerThread, pay_on_threads(gateway.get(), 1));
  int status = 0;
  ::waitpid(child, &status, 0);
  failed += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  const auto holding = open_gateway(runtime.get(), server.base_url("/hold"));
  failed += report("in flight at once", in_flight, pay_in_flight(holding.get(), in_flight));
  failed += check_store(runtime.get(), (kThreads + 2) * kPaymentsPerThread + in_flight);
  std::printf("%-32s %5d\n", "threads of this process", threads_of_this_process());
  return failed;
}

// Twice the payments in flight, one end of each connection being ours.
void allow_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace till::test

int main(int count, char** arguments) {
  const int in_flight = count > 1 ? std::atoi(arguments[1]) : 1000;
  till::test::allow_descriptors();
  const till::test::Folder folder;
  till::test::LoopbackServer server(static_cast<std::size_t>(in_flight));
  const pid_t provider = ::fork();
  if (provider == 0) {
    server.run();
    std::_Exit(0);
  }
  const int failed = till::test::run(server, folder.path() + "/till.sqlite3", in_flight);
  ::kill(provider, SIGKILL);
  ::waitpid(provider, nullptr, 0);
  return failed == 0 ? 0 : 1;
}
