// The shop's handler over HTTP: each event comes signed, until the shop has taken it.
#include "core/service/handler.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>

#include "core/webhook/json_forms.h"
#include "core/webhook/verifier.h"
#include "tests/service/service_fixture.h"

namespace till::service {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

// One request that came to the shop.
struct Given {
  std::string request;

  std::string header(std::string_view name) const {
    const auto at = request.find("\r\n" + std::string(name) + ": ");
    if (at == std::string::npos) return {};
    const auto begin = at + 4 + name.size();
    return request.substr(begin, request.find("\r\n", begin) - begin);
  }
  std::string body() const { return http::body_of(request); }
};

class HandlerTest : public ServiceTest {
 protected:
  ~HandlerTest() override {
    let_shop_answer();
    service_.reset();
  }

  void serve_shop(http::Peer& peer) {
    while (true) {
      const std::string request = peer.read_request();
      if (request.empty()) return;
      int status = 200;
      std::string more;
      {
        const std::lock_guard lock(shop_mutex_);
        given_.push_back({request});
        if (!statuses_.empty()) {
          status = statuses_.front();
          statuses_.erase(statuses_.begin());
        }
        more = status == 200 ? "" : "Retry-After: 0\r\n";
      }
      changed_.notify_all();
      may_answer_.wait(false);
      if (status == 0) return;  // no answer
      peer.answer("", status, more);
    }
  }

  void open_with_handler(json::Object more = {}) {
    json::Object handler{{"url", "http://127.0.0.1:" + std::to_string(shop_.port()) + "/events"},
                         {"secret", kSecret},
                         {"poll_interval_ms", json::Value::integer(20)}};
    for (const auto& [key, value] : more) handler.set(key, value);
    open({{"handler", handler}});
  }

  std::vector<Given> wait_for(std::size_t count) {
    std::unique_lock lock(shop_mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return given_.size() >= count; });
    EXPECT_GE(given_.size(), count);
    return given_;
  }

  std::vector<InboxEvent> inbox() const { return store()->list_inbox({.state = std::nullopt}).value(); }
  bool becomes(EventState state) const {
    return eventually([&] {
      const auto events = inbox();
      return !events.empty() && events.front().state == state;
    });
  }

  void let_shop_answer() {
    may_answer_ = true;
    may_answer_.notify_all();
  }

  std::atomic<bool> may_answer_{true};
  std::mutex shop_mutex_;
  std::condition_variable changed_;
  std::vector<Given> given_;   // guarded by shop_mutex_
  std::vector<int> statuses_;  // what the shop answers next; guarded by shop_mutex_
  http::StubServer shop_{[this](http::Peer& peer) { serve_shop(peer); }};
};

TEST_F(HandlerTest, event_of_a_deep_payment_comes_as_any_other) {
  open();
  const std::string id = pay();
  service_.reset();
  deepen(id);
  open_with_handler();
  EXPECT_EQ(json::parse_written(wait_for(1)[0].body())->find_string("payment_id"), id);
  EXPECT_TRUE(becomes(EventState::kDone));
}

TEST_F(HandlerTest, event_comes_signed_and_is_done_when_it_was_taken) {
  open_with_handler();
  const std::string id = pay();
  const Given given = wait_for(1)[0];
  EXPECT_THAT(given.request, StartsWith("POST /events HTTP/1.1\r\n"));
  const json::Value event = json::parse(given.body()).value();
  EXPECT_EQ(event.find_string("payment_id"), id);
  EXPECT_THAT(std::string(*event.find_string("type")), StartsWith("payment."));
  EXPECT_EQ(event.find("payment")->find_string("id"), id);
  EXPECT_EQ(event.find("lease"), nullptr);
  EXPECT_EQ(event.find_string("id"), given.header("webhook-id"));
  EXPECT_TRUE(becomes(EventState::kDone));

  json::Value text = json::Array{kSecret};
  auto secrets = webhook::read_secrets(text).value();
  const auto verifier = webhook::Verifier::create(webhook::read_scheme_text("standard-webhooks").value(),
                                                  std::move(secrets), std::nullopt)
                            .value();
  const std::string body = given.body();
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"webhook-id", given.header("webhook-id")},
      {"webhook-timestamp", given.header("webhook-timestamp")},
      {"webhook-signature", given.header("webhook-signature")}};
  std::vector<webhook::Header> headers;
  for (const auto& [name, value] : fields) headers.push_back({name, value});
  webhook::Request request;
  request.headers = headers;
  request.body = body;
  EXPECT_TRUE(verifier.verify(request, SystemClock().now_ms()).ok());
  request.body = "{}";
  EXPECT_FALSE(verifier.verify(request, SystemClock().now_ms()).ok());
}

TEST_F(HandlerTest, event_comes_again_until_it_was_taken) {
  statuses_ = {500, 0, 302};
  open_with_handler();
  pay();
  const auto given = wait_for(4);
  for (const Given& one : given) EXPECT_EQ(one.header("webhook-id"), given[0].header("webhook-id"));
  EXPECT_TRUE(becomes(EventState::kDone));
  const std::string metrics = http::body_of(call("/metrics", "", "GET"));
  EXPECT_THAT(metrics, HasSubstr("till_events_total{result=\"done\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("till_events_total{result=\"failed\"} 3\n"));
}

TEST_F(HandlerTest, event_of_a_webhook_comes_too) {
  open_with_handler({{"poll_interval_ms", json::Value::integer(600'000)}});  // so that only the news wakes it
  pay();
  wait_for(1);
  paid_ = true;
  EXPECT_EQ(http::status_of(send_webhook(R"({"event":"paid","payment":{"id":"p1"}})")), 200);
  EXPECT_EQ(json::parse(wait_for(2)[1].body())->find_string("type"), "payment.paid");
}

TEST_F(HandlerTest, shop_has_so_many_events_at_the_same_time_and_no_more) {
  for (const char* payment : {"pay_1", "pay_2", "pay_3", "pay_4", "pay_5"})
    ASSERT_TRUE(store()
                    ->add_event({.id = std::string("evt_") + payment,
                                 .gateway = "acme/live",
                                 .payment_id = payment,
                                 .type = "payment.paid",
                                 .source = "poll",
                                 .at = 1,
                                 .detail = "{}"})
                    .ok());
  may_answer_ = false;
  open_with_handler({{"max_in_flight", json::Value::integer(2)}});
  EXPECT_EQ(wait_for(2).size(), 2u);
  const auto events = inbox();
  const auto is_taken = [](const InboxEvent& one) { return one.state == EventState::kTaken; };
  EXPECT_EQ(std::count_if(events.begin(), events.end(), is_taken), 2);
  let_shop_answer();
  wait_for(5);
  EXPECT_TRUE(service_->close(20'000));
  for (const InboxEvent& one : inbox()) EXPECT_EQ(one.state, EventState::kDone) << one.event.id;
}

TEST_F(HandlerTest, last_event_is_ended_before_the_service_is) {
  open_with_handler();
  pay();
  wait_for(1);
  EXPECT_TRUE(service_->close(20'000));
  service_.reset();
  EXPECT_EQ(inbox().front().state, EventState::kDone);
}

TEST_F(HandlerTest, settings_that_are_wrong_say_where) {
  const std::vector<std::pair<json::Object, std::string>> cases = {
      {{{"url", "http://shop.example/events"}, {"secret", kSecret}}, "$.handler.url"},
      {{{"url", "shop"}, {"secret", kSecret}}, "$.handler.url"},
      {{{"secret", kSecret}}, "$.handler.url"},
      {{{"url", "https://shop.example/events"}}, "$.handler.secret"},
      {{{"url", "https://shop.example/events"}, {"secret", "whsec_c2hvcnQ="}}, "$.handler.secret"},
      {{{"url", "https://shop.example/events"}, {"secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}}, "$.handler.secret"},
      {{{"url", "https://shop.example/events"}, {"secret", kSecret}, {"max_in_flight", json::Value::integer(0)}},
       "$.handler.max_in_flight"},
  };
  for (const auto& [handler, place] : cases) {
    const auto read = ServiceConfig::from_json(json::write(config({{"handler", handler}})));
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().field, place);
    EXPECT_THAT(read.error().message, Not(HasSubstr("MfKQ")));
  }
}

}  // namespace
}  // namespace till::service
