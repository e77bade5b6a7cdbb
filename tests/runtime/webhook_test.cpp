// Receiving webhooks: a hint, and then the truth.
#include "core/runtime/webhook.h"

#include "core/base/limits.h"
#include "core/runtime/engine.h"
#include "core/runtime/webhook_limits.h"
#include "tests/runtime/webhook_fixture.h"

namespace till {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class WebhookTest : public WebhookFixture {
 protected:
  WebhookTest() { open_unsigned(); }
};

TEST_F(WebhookTest, is_a_hint_whose_truth_is_fetched) {
  const std::string id = pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1"},"status":"paid","amount":1})");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->request()->method, "GET");
  EXPECT_EQ(exchange->request()->url, "https://api.acme.example/v1/payments/p1");
  reply(*exchange, 200, kPaid);
  const json::Value result = parsed(exchange->result()).value();
  EXPECT_EQ(result.find_string("event"), "paid");
  EXPECT_EQ(result.find_string("trust"), "refetched");
  EXPECT_EQ(result.find_bool("changed"), true);
  EXPECT_TRUE(result.find("reason")->is_null());
  EXPECT_EQ(result.find_integer("http_status"), 200);
  EXPECT_EQ(result.find("payment")->find_string("id"), id);
  EXPECT_EQ(result.find("payment")->find_string("status"), "paid");
  EXPECT_EQ(stored(id).status, PaymentStatus::kPaid);
  const auto events = store()->list_events(id).value();
  EXPECT_EQ(events.back().type, "payment.paid");
  EXPECT_EQ(events.back().source, "webhook");
}

TEST_F(WebhookTest, that_lies_moves_nothing) {
  const std::string id = pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  reply(*exchange, 200, kPending);
  EXPECT_EQ(parsed(exchange->result())->find_bool("changed"), false);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(WebhookTest, that_comes_twice_changes_the_payment_once) {
  pay("1234", "p1");
  const auto first = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  reply(*first, 200, kPaid);
  const auto second = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  reply(*second, 200, kPaid);
  EXPECT_EQ(parsed(second->result())->find_bool("changed"), false);
  EXPECT_EQ(parsed(second->result())->find("payment")->find_string("status"), "paid");
}

TEST_F(WebhookTest, may_name_the_payment_by_the_shops_reference_or_a_number) {
  pay("1234", "77");
  const auto by_reference = receive(R"({"event":"paid","payment":{"reference":"1234"}})");
  EXPECT_EQ(by_reference->request()->url, "https://api.acme.example/v1/payments/77");
  const auto by_number = receive(R"({"event":"paid","payment":{"id":77}})");
  EXPECT_EQ(by_number->request()->url, "https://api.acme.example/v1/payments/77");
  const auto by_both = receive(R"({"event":"paid","payment":{"id":"78","reference":"1234"}})");
  EXPECT_EQ(by_both->request()->url, "https://api.acme.example/v1/payments/77");
}

TEST_F(WebhookTest, means_the_newest_open_payment_with_its_reference) {
  pay("1234", "p1");
  pay("1234", "p2");
  pay("1234", "p3", "expired");
  EXPECT_THAT(receive(R"({"event":"paid","payment":{"reference":"1234"}})")->request()->url, HasSubstr("/p2"));
  pay("9", "p4", "expired");
  pay("9", "p5", "failed");
  EXPECT_THAT(receive(R"({"event":"paid","payment":{"reference":"9"}})")->request()->url, HasSubstr("/p5"));
}

TEST_F(WebhookTest, about_a_payment_that_is_not_ours_asks_for_nothing) {
  pay("1234", "p1");
  const auto unknown = receive(R"({"event":"paid","payment":{"id":"p2"}})");
  ASSERT_EQ(unknown->request(), nullptr);
  EXPECT_EQ(
      unknown->result().value(),
      R"({"event":"paid","payment":null,"signature":"none","trust":"unverified","duplicate":false,"changed":false,"reason":"unknown_payment","http_status":200,"http_body":""})");
  const auto none = receive(R"({"event":"ping"})");
  EXPECT_EQ(parsed(none->result())->find_string("reason"), "no_payment");
}

TEST_F(WebhookTest, about_another_gateways_payment_asks_for_nothing) {
  pay("1234", "p1");
  shop_ = Gateway::open(runtime_, shop_->provider(), R"({"api_key":"sk_live_SECRET123","label":"other"})").value();
  EXPECT_EQ(receive(R"({"event":"paid","payment":{"id":"p1"}})")->request(), nullptr);
  EXPECT_EQ(receive(R"({"event":"paid","payment":{"reference":"1234"}})")->request(), nullptr);
}

TEST_F(WebhookTest, about_a_payment_that_cannot_be_asked_about_asks_for_nothing) {
  const auto lost = begin("payments.create", kPay);
  fail(*lost, Sent::kMaybe);
  const auto exchange = receive(R"({"event":"paid","payment":{"reference":"1234"}})");
  EXPECT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(parsed(exchange->result())->find_string("reason"), "unknown_payment");
}

TEST_F(WebhookTest, that_makes_no_sense_is_rejected_and_no_fault_of_the_plugins) {
  for (const char* body : {"7", "[]", "{}", "{\"event\":1", R"({"refuse":true})", "null", R"({"event":""})",
                           R"({"event":"x","payment":7})", R"({"event":"x","payment":{"id":true}})",
                           R"({"event":"x","payment":{"id":""}})"}) {
    const Error error = refusal(request(body));
    EXPECT_EQ(error.kind, ErrorKind::kWebhookRejected) << body << ": " << error.message;
    EXPECT_EQ(error.reason, "malformed") << body;
  }
}

TEST_F(WebhookTest, whose_event_is_newer_than_the_plugin_is_looked_at_all_the_same) {
  const std::string id = pay("1234", "p1");
  const auto newer = receive(R"({"event":"paid.late","payment":{"id":"p1"}})");
  ASSERT_NE(newer->request(), nullptr) << "what it is about is asked all the same";
  reply(*newer, 200, kPaid);
  EXPECT_EQ(parsed(newer->result())->find_string("event"), "paid.late");

  const auto composed = receive(R"({"composed":true,"payment":{"id":"p1"}})");
  ASSERT_NE(composed->request(), nullptr) << "the script may put the name together from parts";
  reply(*composed, 200, kPaid);
  EXPECT_EQ(parsed(composed->result())->find_string("event"), "payment.late");
}

TEST_F(WebhookTest, whose_script_never_ends_is_the_plugins_error) {
  const auto exchange = shop_->begin("webhooks.receive", request(R"({"loop":true})"));
  ASSERT_FALSE(exchange.ok());
  EXPECT_EQ(exchange.error().code, "script_time");
}

TEST_F(WebhookTest, whose_truth_cannot_be_fetched_comes_again_and_makes_the_payment_due) {
  const std::string id = pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  fail(*exchange, Sent::kMaybe);
  const json::Value result = parsed(exchange->result()).value();
  EXPECT_EQ(result.find_string("reason"), "not_fetched");
  EXPECT_EQ(result.find_integer("http_status"), 503);
  EXPECT_EQ(result.find_string("trust"), "unverified");
  EXPECT_EQ(result.find("payment")->find_string("id"), id);
  EXPECT_EQ(stored(id).look_at, clock_->now_ms());
}

TEST_F(WebhookTest, whose_truth_is_of_another_payment_changes_nothing_and_need_not_come_again) {
  const std::string id = pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  reply(*exchange, 200, R"({"id":"p1","status":"paid","amount":48.24,"currency":"EUR","reference":"1234"})");
  const json::Value result = parsed(exchange->result()).value();
  EXPECT_EQ(result.find_string("reason"), "amount_mismatch");
  EXPECT_EQ(result.find_integer("http_status"), 200);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  EXPECT_THAT(event_types(id), ElementsAre("payment.created"));
}

TEST_F(WebhookTest, that_says_more_than_its_name_is_a_hint_all_the_same) {
  const std::string id = pay("1234", "p1");
  const auto exchange = receive(
      R"({"event":"paid","payment":{"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1234"}})");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
  reply(*exchange, 200, kPending);
  EXPECT_EQ(stored(id).status, PaymentStatus::kPending);
}

TEST_F(WebhookTest, about_an_unknown_payment_is_kept_once_however_often_it_comes) {
  for (int i = 0; i < 3; ++i) {
    const auto exchange = receive(R"({"event":"paid","payment":{"id":"p9"}})");
    EXPECT_EQ(parsed(exchange->result())->find_bool("duplicate"), i > 0);
    EXPECT_EQ(parsed(exchange->result())->find_integer("http_status"), 200);
  }
  receive(R"({"event":"expired","payment":{"id":"p9"}})");
  receive(R"({"event":"ping"})");
  EXPECT_EQ(kept().size(), 2u);
  EXPECT_EQ(kept().back().state, WebhookState::kUnmatched);
  EXPECT_EQ(kept().back().provider_id, "p9");
}

TEST_F(WebhookTest, hints_about_unknown_payments_are_kept_within_a_bound) {
  const auto book = store();
  ASSERT_TRUE(book->begin().ok());
  for (std::size_t i = 0; i < kMaxUnmatchedHints; ++i) {
    const std::string number = std::to_string(10'000 + i);
    ASSERT_TRUE(book->claim_webhook({.id = "whk_0" + number,
                                     .gateway = shop_->name(),
                                     .dedupe_key = number,
                                     .event = "paid",
                                     .state = WebhookState::kUnmatched,
                                     .trust = "unverified"})
                    .ok());
  }
  ASSERT_TRUE(book->commit().ok());
  receive(R"({"event":"paid","payment":{"id":"p9"}})");
  const auto all = store()->list_webhooks({.gateway = shop_->name(), .limit = kMaxUnmatchedHints + 10}).value();
  EXPECT_EQ(all.size(), kMaxUnmatchedHints);
  EXPECT_EQ(all.front().provider_id, "p9");
  EXPECT_EQ(all.back().dedupe_key, "10001");
}

// The store runs a change again when its connection breaks, or another worker's transaction was in the way.
class WebhookRunAgain : public WebhookTest {
 protected:
  std::unique_ptr<Operation> received() {
    return Operation::prepare(shop_, "webhooks.receive", request(R"({"event":"paid","payment":{"id":"p1"}})"), queue())
        .value();
  }
  StoreQueue& queue() { return runtime_->engine().value()->store(); }
  void run_in_vain(Operation& operation) {
    const auto other = store();
    ASSERT_TRUE(other->begin().ok());
    ASSERT_TRUE(operation.store_task()(*other).ok());
    other->rollback();
  }
  void run_for_good(Operation& operation) { operation.stored(queue().run(operation.store_task())); }
};

TEST_F(WebhookRunAgain, a_hint_counts_once_however_often_its_change_is_run) {
  pay("1234", "p1");
  const auto operation = received();
  for (std::size_t i = 0; i < kMaxHintsPerPayment; ++i) run_in_vain(*operation);
  run_for_good(*operation);
  EXPECT_EQ(operation->need(), Operation::Need::kRequest) << "the payment is asked about";
}

TEST_F(WebhookRunAgain, what_an_earlier_run_changed_is_not_told) {
  const std::string id = pay("1234", "p1");
  const auto operation = received();
  run_for_good(*operation);
  operation->replied({.status = 200, .headers = {}, .body = replaced(kPending, "pending", "processing")});
  run_in_vain(*operation);
  ASSERT_TRUE(run("payments.get", "{\"id\":\"" + id + "\"}", 200, replaced(kPending, "pending", "expired")).ok());
  run_for_good(*operation);
  const auto result = parsed(operation->result());
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->find("payment")->find_string("status"), "expired");
  EXPECT_EQ(result->find_bool("changed"), false);
}

TEST_F(WebhookTest, hints_about_one_payment_are_followed_a_few_times_and_then_wait) {
  const std::string id = pay("1234", "p1");
  for (std::size_t i = 0; i < kMaxHintsPerPayment; ++i)
    EXPECT_NE(receive(R"({"event":"paid","payment":{"id":"p1"}})")->request(), nullptr);
  const auto more = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  ASSERT_EQ(more->request(), nullptr);
  EXPECT_EQ(parsed(more->result())->find_integer("http_status"), 429);
  EXPECT_EQ(parsed(more->result())->find_string("reason"), "too_many");
  EXPECT_GT(stored(id).look_at.value_or(0), clock_->now_ms());
  EXPECT_LE(stored(id).look_at.value_or(0), clock_->now_ms() + kHintSpanMs);
  clock_->advance(kHintSpanMs);
  EXPECT_NE(receive(R"({"event":"paid","payment":{"id":"p1"}})")->request(), nullptr);
}

TEST(HintLimit, bounds_what_all_payments_of_a_gateway_cost_together) {
  HintLimit limit;
  for (std::size_t i = 0; i < kMaxHintsPerGateway; ++i) EXPECT_FALSE(limit.later("pay_" + std::to_string(i), 100'000));
  EXPECT_EQ(limit.later("pay_x", 100'001), 100'000 + kHintSpanMs);
  EXPECT_FALSE(limit.later("pay_x", 100'000 + kHintSpanMs));
}

TEST_F(WebhookTest, that_comes_before_the_reply_of_create_makes_the_payment_due_at_once) {
  const auto creating = begin("payments.create", kPay);
  const auto early = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  EXPECT_EQ(early->request(), nullptr);
  EXPECT_EQ(parsed(early->result())->find_string("reason"), "unknown_payment");
  reply(*creating, 200, kPending);
  const std::string id(*parsed(creating->result())->find_string("id"));
  EXPECT_EQ(stored(id).look_at, clock_->now_ms());
  EXPECT_EQ(kept().front().state, WebhookState::kDone);
  EXPECT_EQ(kept().front().payment_id, id);
}

TEST_F(WebhookTest, that_names_the_reference_before_the_reply_of_create_is_not_lost_either) {
  const auto creating = begin("payments.create", kPay);
  EXPECT_EQ(receive(R"({"event":"paid","payment":{"reference":"1234"}})")->request(), nullptr);
  reply(*creating, 200, kPending);
  EXPECT_EQ(stored(*parsed(creating->result())->find_string("id")).look_at, clock_->now_ms());
}

TEST_F(WebhookTest, shows_the_script_no_secret_that_it_repeats) {
  setenv("TILL_LOG", "info", 1);
  testing::internal::CaptureStderr();
  const auto exchange = begin("webhooks.receive", request(R"({"event":"sk_live_SECRET123","payment":{"id":"p1"}})",
                                                          json::Object{{"X-Secret", "sk_live_SECRET123"}}));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("webhooks.receive: [secret]"));
  unsetenv("TILL_LOG");
  EXPECT_THAT(exchange->result().value(), Not(HasSubstr("SECRET123")));
  EXPECT_THAT(kept().front().body, AllOf(HasSubstr("[secret]"), Not(HasSubstr("SECRET123"))));
}

TEST_F(WebhookTest, is_unsupported_where_the_provider_declares_none) {
  shop_ = open_gateway();
  EXPECT_EQ(shop_->begin("webhooks.receive", request("{}")).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace till
