// The inbox between processes: who handles what, when all want it, and when they are killed meanwhile.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "core/base/id.h"
#include "core/runtime/inbox.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

constexpr int kWorkers = 4;
constexpr int kPayments = 50;
constexpr int kEventsOfEach = 10;

// One line of what handlers did: a payment, and the number of its event.
struct Effect {
  std::string payment{};
  int number = 0;
};

// Shared by all processes: how much may be handled by now.
struct Pace {
  std::atomic<int> handled{0};
  std::atomic<int> allowed{std::numeric_limits<int>::max()};
};

class InboxProcessesTest : public AcmeTest {
 protected:
  ~InboxProcessesTest() override { ::munmap(pace_, sizeof(Pace)); }

  void fill() {
    auto book = store();
    ASSERT_TRUE(book->begin().ok());
    for (int number = 0; number < kEventsOfEach; ++number)
      for (int payment = 0; payment < kPayments; ++payment)
        ASSERT_TRUE(book->add_event({.id = new_id("evt_", *clock_),
                                     .gateway = "acme/live",
                                     .payment_id = "pay_" + std::to_string(payment),
                                     .type = "payment.paid",
                                     .source = "poll",
                                     .at = kNow,
                                     .detail = json::write(json::Object{{"number", json::Value::integer(number)}})})
                        .ok());
    ASSERT_TRUE(book->commit().ok());
  }

  std::string log_path() const { return folder_.path() + "/effects"; }

  // A process that handles until nothing is left.
  pid_t start_worker() {
    const pid_t child = ::fork();
    if (child == 0) {
      work();
      ::_exit(0);
    }
    return child;
  }

  void work() {
    RuntimeOptions options;
    options.plugin_path = {folder_.path()};
    options.store = store_place();
    const auto runtime = Runtime::open(options).value();
    const auto shop = Gateway::open(runtime, "acme", R"({"api_key":"sk_live_SECRET123"})").value();
    const int log = ::open(log_path().c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600);
    const std::string taking = R"({"limit":10,"lease_ms":)" + std::to_string(lease_ms_) + "}";
    for (;;) {
      const std::string taken = shop->call("events.take", taking).value();
      const json::Value page = json::parse(taken).value();
      const json::Array& events = *page.find("items")->array();
      for (const json::Value& event : events) {
        while (pace_->handled >= pace_->allowed) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++pace_->handled;
        handle(log, event);
      }
      end(*shop, events);
      if (events.empty() && nothing_left(*shop)) return;
      if (events.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  static void handle(int log, const json::Value& event) {
    const std::string line = std::string(*event.find_string("payment_id")) + " " +
                             std::to_string(*event.find("detail")->find_integer("number")) + "\n";
    (void)!::write(log, line.data(), line.size());  // whole, whoever else writes
  }

  // All at once, so that they share a commit.
  static void end(Gateway& shop, const json::Array& events) {
    std::vector<std::future<void>> ended;
    for (const json::Value& event : events) {
      auto promise = std::make_shared<std::promise<void>>();
      ended.push_back(promise->get_future());
      const json::Object held{{"id", *event.find("id")}, {"lease", *event.find("lease")}};
      shop.start("events.done", json::write(held), [promise](const Result<std::string>&) { promise->set_value(); });
    }
    for (auto& one : ended) one.get();
  }

  static bool nothing_left(Gateway& shop) {
    for (const char* state : {R"({"state":"waiting","limit":1})", R"({"state":"taken","limit":1})"})
      if (shop.call("events.list", state).value().find("evt_") != std::string::npos) return false;
    return true;
  }

  std::vector<Effect> effects() const {
    std::ifstream file(log_path());
    std::vector<Effect> out;
    for (Effect one; file >> one.payment >> one.number;) out.push_back(one);
    return out;
  }

  std::int64_t lease_ms_ = kDefaultLeaseMs;  // no living worker is ever as slow
  Pace* const pace_ =
      ::new (::mmap(nullptr, sizeof(Pace), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Pace;
};

TEST_F(InboxProcessesTest, each_event_is_handled_once_and_in_its_order) {
  fill();
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(start_worker());
  for (const pid_t worker : workers) {
    int status = 0;
    ASSERT_EQ(::waitpid(worker, &status, 0), worker);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  std::map<std::string, int> next;
  const std::vector<Effect> all = effects();
  for (const Effect& one : all) EXPECT_EQ(one.number, next[one.payment]++) << one.payment;
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kPayments * kEventsOfEach));
}

TEST_F(InboxProcessesTest, no_event_is_lost_when_workers_are_killed) {
  lease_ms_ = kMinLeaseMs;  // so that what the dead had comes again soon
  pace_->allowed = 0;
  fill();
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(start_worker());
  // Each time that some more events were handled, a worker dies and another one comes. The others wait for that with
  // what is left, so that there is work for all.
  constexpr std::size_t kKills = 8;
  for (std::size_t kill = 1; kill <= kKills; ++kill) {
    pace_->allowed = static_cast<int>(kill * (40 + 1));  // one more for each that died between counting and handling
    while (effects().size() < kill * 40) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    pid_t& worker = workers[kill % workers.size()];
    ::kill(worker, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(worker, &status, 0), worker);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it was killed while there was work";
    worker = start_worker();
  }
  pace_->allowed = std::numeric_limits<int>::max();
  for (const pid_t worker : workers) {
    int status = 0;
    ASSERT_EQ(::waitpid(worker, &status, 0), worker);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  // Whatever came twice: the first time, each came in its order.
  std::map<std::string, int> next;
  for (const Effect& one : effects()) {
    if (one.number < next[one.payment]) continue;
    EXPECT_EQ(one.number, next[one.payment]++) << one.payment;
  }
  for (int payment = 0; payment < kPayments; ++payment)
    EXPECT_EQ(next["pay_" + std::to_string(payment)], kEventsOfEach);
  const std::vector<InboxEvent> kept = store()->list_inbox({.limit = 1'000}).value();
  EXPECT_EQ(kept.size(), static_cast<std::size_t>(kPayments * kEventsOfEach));
  for (const InboxEvent& one : kept) EXPECT_EQ(one.state, EventState::kDone);
}

}  // namespace
}  // namespace till
