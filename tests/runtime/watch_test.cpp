// Watching a payment: over a stream that tells of it, over one that breaks, and without one.
#include "core/runtime/watch.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>

#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;

constexpr std::string_view kWatch = R"lua(
function provider.payments.watch(input)
  local bus = http.post("/bus", {read = true, json = {payment = input.payment.provider_id}}).json
  return {url = bus.url, query = {{"token", bus.session}}, events = {"statechange"}}
end
)lua";

// The service: one payment, p1, and a bus that tells of it.
class Acme {
 public:
  ~Acme() { go.give(); }  // whoever still listens
  std::string base_url() const { return server_.url(""); }
  void set(std::string status) {
    const std::lock_guard lock(mutex_);
    status_ = std::move(status);
  }
  // What the bus sends to each one who listens, and then, or never, closes.
  void tell(std::string text, bool closes = false) {
    const std::lock_guard lock(mutex_);
    told_ = std::move(text);
    closes_ = closes;
  }
  // The head that the bus answers with.
  void answer_with(std::string head) {
    const std::lock_guard lock(mutex_);
    head_ = std::move(head);
  }
  std::string listened() {
    const std::lock_guard lock(mutex_);
    return listened_;
  }
  std::atomic<int> asked = 0, addresses = 0, listeners = 0;
  std::atomic<int> allowed = 1'000'000;  // questions, and then: come back in a minute
  std::atomic<bool> fails = false, has_bus = true;
  http::Signal listening, go;

 private:
  void serve(http::Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      if (request.starts_with("GET /listen")) return stream(peer, request);
      answer(peer, request);
    }
  }
  void answer(http::Peer& peer, const std::string& request) {
    if (request.starts_with("POST /bus")) {
      ++addresses;
      if (!has_bus) return void(peer.answer(R"({"error":"no bus"})", 403));
      return void(peer.answer(R"({"url":")" + server_.url("/listen") + R"(","session":"bus-token-1"})"));
    }
    if (++asked > allowed) {
      peer.send("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 60\r\nContent-Length: 2\r\n\r\n{}");
      return;
    }
    if (fails) return void(peer.answer(R"({})", 503));
    const std::lock_guard lock(mutex_);
    peer.answer(R"({"id":"p1","status":")" + status_ + R"(","amount":48.25,"currency":"EUR","reference":"1234"})");
  }
  void stream(http::Peer& peer, const std::string& request) {
    ++listeners;
    std::string told, head;
    bool closes = false;
    {
      const std::lock_guard lock(mutex_);
      listened_ = request;
      head = head_;
      told = told_;
      closes = closes_;
    }
    peer.send(head + "\r\n: hello\n\n");
    listening.give();
    if (!closes && !go.wait()) return;
    peer.send(told);
    if (closes) return peer.finish();
    peer.read_some();
  }

  std::mutex mutex_;
  std::string status_ = "pending";
  std::string told_ = "event: statechange\ndata: {}\n\n";
  std::string head_ = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n";
  bool closes_ = false;
  std::string listened_;
  http::StubServer server_{[this](http::Peer& peer) { serve(peer); }};
};

class WatchTest : public AcmeTest {
 protected:
  // Far apart, so that what happens soon was not a matter of time.
  static constexpr WatchLimits kSlow{.first_poll_ms = 60'000, .max_poll_ms = 60'000, .min_gap_ms = 1};
  static constexpr WatchLimits kQuick{.first_poll_ms = 1,
                                      .max_poll_ms = 5,
                                      .stream_poll_ms = 60'000,
                                      .min_gap_ms = 1,
                                      .first_reconnect_ms = 1,
                                      .max_reconnect_ms = 5};
  static constexpr std::int64_t kLong = 10'000;

  WatchTest() { open(true); }

  void open(bool has_stream) {
    const std::string manifest =
        has_stream ? replaced(kAcmeManifest, R"("check": {}})", R"("payments.watch": {}, "check": {}})")
                   : std::string(kAcmeManifest);
    open_variant(manifest, R"({"api_key":"sk_live_SECRET123","base_url":")" + acme_.base_url() + "\"}",
                 std::string(kAcmeScript) + std::string(kWatch));
    const auto made = shop_->call("payments.create", kPay);
    ASSERT_TRUE(made.ok()) << made.error().message;
    id_ = *json::parse(*made)->find_string("id");
    acme_.asked = 0;
  }

  std::shared_ptr<Watch> watch(WatchLimits limits = kQuick, std::string_view more = "") {
    auto opened = Watch::open(shop_, R"({"id":")" + id_ + "\"" + std::string(more) + "}", limits);
    if (!opened.ok()) ADD_FAILURE() << opened.error().message;
    return *std::move(opened);
  }
  // "pending", "paid done", "null done", ...
  static std::string news(Watch& watch, std::int64_t timeout_ms = kLong) {
    const auto told = watch.next(timeout_ms);
    if (!told.ok()) return std::string(error_kind_name(told.error().kind));
    const json::Value value = json::parse(*told).value();
    const json::Value& payment = *value.find("payment");
    return (payment.is_null() ? "null" : std::string(*payment.find_string("status"))) +
           (*value.find_bool("done") ? " done" : "");
  }

  Acme acme_;
  std::string id_;
};

TEST_F(WatchTest, tells_the_payment_at_once_and_what_the_stream_is_a_hint_of) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  EXPECT_THAT(acme_.listened(), HasSubstr("GET /listen?token=bus-token-1 HTTP/1.1"));
  EXPECT_THAT(acme_.listened(), HasSubstr("Accept: text/event-stream"));
  acme_.set("paid");
  acme_.go.give();
  EXPECT_EQ(news(*watched), "paid done");
  EXPECT_EQ(news(*watched), "null done");
  EXPECT_EQ(stored(id_).status, PaymentStatus::kPaid);
}

TEST_F(WatchTest, asks_when_the_stream_opens_because_of_what_it_missed_before) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  for (int i = 0; i < 1000 && acme_.asked < 2; ++i) usleep(5'000);
  EXPECT_EQ(acme_.asked, 2);
  acme_.go.give();
}

TEST_F(WatchTest, takes_no_notice_of_events_that_mean_nothing) {
  acme_.tell("event: other\ndata: {}\n\ndata: unnamed\n\n");
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  for (int i = 0; i < 1000 && acme_.asked < 2; ++i) usleep(5'000);
  acme_.set("paid");
  acme_.go.give();
  EXPECT_EQ(news(*watched, 100), "null");
  EXPECT_EQ(acme_.asked, 2);
}

TEST_F(WatchTest, connects_again_after_a_break_with_the_last_id_and_a_new_token) {
  acme_.tell("id: 7\nevent: statechange\ndata: {}\n\n", true);
  const auto watched = watch();
  for (int i = 0; i < 1000 && acme_.listeners < 3; ++i) usleep(5'000);
  EXPECT_GE(acme_.listeners, 3);
  EXPECT_GE(acme_.addresses, 3);
  EXPECT_THAT(acme_.listened(), HasSubstr("Last-Event-ID: 7\r\n"));
  acme_.set("expired");
  EXPECT_EQ(news(*watched), "pending");
  EXPECT_EQ(news(*watched), "expired done");
}

TEST_F(WatchTest, asks_no_more_often_than_its_gap_however_many_events_come) {
  std::string flood;
  for (int i = 0; i < 10'000; ++i) flood += "event: statechange\ndata: {}\n\n";
  acme_.tell(flood);
  WatchLimits limits = kSlow;
  limits.min_gap_ms = 200;
  const auto begun = std::chrono::steady_clock::now();
  const auto watched = watch(limits);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  acme_.go.give();
  EXPECT_EQ(news(*watched, 500), "null");
  const auto gaps = (std::chrono::steady_clock::now() - begun) / std::chrono::milliseconds(limits.min_gap_ms);
  EXPECT_LE(acme_.asked, 1 + gaps) << "at once, and every 200 ms from then on";
}

TEST_F(WatchTest, does_not_listen_to_what_is_no_stream_of_events) {
  acme_.answer_with("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n");
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  acme_.set("paid");
  acme_.go.give();
  EXPECT_EQ(news(*watched, 300), "null");
  EXPECT_EQ(acme_.asked, 1) << "neither for its opening nor for its events";
}

TEST_F(WatchTest, does_not_come_back_to_a_stream_that_has_nothing_more) {
  acme_.answer_with("HTTP/1.1 204 No Content\r\n");
  acme_.tell("", true);
  const auto watched = watch();
  for (int i = 0; i < 1000 && acme_.asked < 20; ++i) usleep(5'000);
  EXPECT_EQ(acme_.listeners, 1);
  acme_.set("paid");
  EXPECT_EQ(news(*watched), "pending");
  EXPECT_EQ(news(*watched), "paid done");
}

TEST_F(WatchTest, sends_no_endless_id_back) {
  acme_.tell("id: " + std::string(256, 'x') + "\nevent: statechange\ndata: {}\n\n", true);
  const auto watched = watch();
  for (int i = 0; i < 1000 && acme_.listeners < 3; ++i) usleep(5'000);
  EXPECT_THAT(acme_.listened(), testing::Not(HasSubstr("Last-Event-ID")));
}

TEST_F(WatchTest, goes_on_by_asking_where_no_stream_can_be_had) {
  acme_.has_bus = false;
  const auto watched = watch();
  EXPECT_EQ(news(*watched), "pending");
  acme_.set("processing");
  EXPECT_EQ(news(*watched), "processing");
  acme_.set("paid");
  EXPECT_EQ(news(*watched), "paid done");
  EXPECT_EQ(acme_.addresses, 1) << "refused for good";
}

TEST_F(WatchTest, asks_again_and_again_where_the_provider_has_no_stream) {
  open(false);
  const auto watched = watch();
  EXPECT_EQ(news(*watched), "pending");
  for (int i = 0; i < 1000 && acme_.asked < 4; ++i) usleep(5'000);
  acme_.set("cancelled");
  EXPECT_EQ(news(*watched), "cancelled done") << "and nothing while nothing changed";
  EXPECT_EQ(acme_.addresses, 0);
}

TEST_F(WatchTest, outlives_failures_that_pass) {
  acme_.fails = true;
  const auto watched = watch();
  for (int i = 0; i < 1000 && acme_.asked < 3; ++i) usleep(5'000);
  EXPECT_EQ(news(*watched, 1), "null");
  acme_.set("paid");
  acme_.fails = false;
  EXPECT_EQ(news(*watched), "paid done");
}

TEST_F(WatchTest, asks_no_sooner_than_the_provider_said_whatever_the_stream_tells) {
  acme_.allowed = 1;
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  ASSERT_TRUE(acme_.listening.wait());
  for (int i = 0; i < 1000 && acme_.asked < 2; ++i) usleep(5'000);
  acme_.go.give();
  EXPECT_EQ(news(*watched, 300), "null");
  EXPECT_EQ(acme_.asked, 2);
}

TEST_F(WatchTest, waits_longer_and_longer_for_a_stream_that_ends_at_once) {
  acme_.tell("", true);
  WatchLimits limits = kSlow;
  limits.first_reconnect_ms = 50;
  limits.max_reconnect_ms = 60'000;
  const auto watched = watch(limits);
  EXPECT_EQ(news(*watched), "pending");
  EXPECT_EQ(news(*watched, 1'000), "null");
  EXPECT_LE(acme_.listeners, 6) << "at once, and after 50, 100, 200 and 400 ms";
}

TEST_F(WatchTest, ends_with_an_error_that_does_not_pass) {
  shop_ = Gateway::open(runtime_, shop_->provider(), R"({"api_key":"sk_live_SECRET123","label":"other"})").value();
  const auto watched = watch();
  EXPECT_EQ(news(*watched), "NotFound");
  EXPECT_EQ(news(*watched), "NotFound") << "also the next time";
}

TEST_F(WatchTest, ends_when_its_time_is_over) {
  const auto watched = watch(kSlow, R"(,"timeout_ms":1500)");
  EXPECT_EQ(news(*watched), "pending");
  EXPECT_EQ(news(*watched), "null done");
}

TEST_F(WatchTest, that_is_closed_lets_its_waiter_go) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  auto waiting = std::async(std::launch::async, [&] { return news(*watched); });
  watched->close();
  EXPECT_EQ(waiting.get(), "null done");
}

TEST_F(WatchTest, waits_as_long_as_it_likes_and_no_number_overflows) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  auto waiting = std::async(std::launch::async, [&] { return news(*watched, INT64_MAX); });
  usleep(50'000);
  watched->close();
  EXPECT_EQ(waiting.get(), "null done");
}

TEST_F(WatchTest, that_is_closed_tells_the_waiter_as_well_as_the_callback) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  auto waiting = std::async(std::launch::async, [&] { return news(*watched); });
  usleep(50'000);
  watched->next([](const Result<std::string>&) {});
  const auto begun = std::chrono::steady_clock::now();
  watched->close();
  EXPECT_EQ(waiting.get(), "null done");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST_F(WatchTest, calls_back_instead_of_blocking_one_caller_at_a_time) {
  const auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  std::promise<std::string> told;
  watched->next([&](Result<std::string> result) { told.set_value(result.ok() ? *result : result.error().code); });
  std::string second;
  watched->next([&](Result<std::string> result) { second = result.ok() ? *result : result.error().code; });
  EXPECT_EQ(second, "already_waiting");
  acme_.set("paid");
  acme_.go.give();
  EXPECT_THAT(told.get_future().get(), HasSubstr(R"("done":true)"));
}

TEST_F(WatchTest, may_be_dropped_at_any_moment) {
  for (int i = 0; i < 20; ++i) {
    auto watched = watch();
    if (i % 2 == 0) (void)watched->next(1);
  }
}

TEST_F(WatchTest, tells_of_no_secret) {
  const auto watched = watch(kSlow);
  const auto told = watched->next(kLong);
  ASSERT_TRUE(told.ok());
  EXPECT_THAT(*told, testing::Not(HasSubstr("bus-token")));
  EXPECT_EQ(kept_bytes().find("bus-token"), std::string::npos);
}

TEST_F(WatchTest, belongs_to_the_process_that_opened_it) {
  auto watched = watch(kSlow);
  EXPECT_EQ(news(*watched), "pending");
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = news(*watched, 1) == "Conflict";
    watched.reset();
    _exit(refused ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  acme_.set("paid");
  acme_.go.give();
  EXPECT_EQ(news(*watched), "paid done");
}

TEST_F(WatchTest, takes_what_payments_get_takes_and_a_time) {
  for (const auto& [input, field] :
       std::vector<std::pair<const char*, const char*>>{{"[]", "$"},
                                                        {R"({"timeout_ms":0})", "$.timeout_ms"},
                                                        {R"({"timeout_ms":86400001})", "$.timeout_ms"},
                                                        {R"({"id":"a","x":1})", "$.x"},
                                                        {R"({"id":"a","options":{"x":1}})", "$.options"}}) {
    const auto opened = Watch::open(shop_, input);
    ASSERT_FALSE(opened.ok()) << input;
    EXPECT_EQ(opened.error().field, field) << input;
  }
  EXPECT_EQ(shop_->call("payments.watch", R"({"id":"a"})").error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(shop_->begin("payments.watch", R"({"id":"a"})").error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace till
