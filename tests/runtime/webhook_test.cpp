// Receiving webhooks: a hint, and then the truth.
#include "core/runtime/webhook.h"

#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kReceive = R"lua(
function provider.webhooks.receive(input)
  local told = input.json or input.form
  log.info(input.headers["x-secret"] or "none")
  if told.refuse then fail("InvalidRequest", "It is not for this shop.") end
  if told.loop then while true do end end
  return {event = told.event, payment = told.payment}
end
)lua";

class WebhookTest : public AcmeTest {
 protected:
  WebhookTest() {
    const std::string manifest = replaced(
        replaced(kAcmeManifest, R"("check": {}})", R"("webhooks.receive": {}, "check": {}})"), R"("idempotency": null)",
        R"("idempotency": null, "webhooks": {"events": {"paid": "It was paid."}, "signed": false, "reason": "Acme signs nothing."})");
    open_variant(manifest, R"({"api_key":"sk_live_SECRET123"})", std::string(kAcmeScript) + std::string(kReceive));
  }

  static std::string webhook(std::string_view body) {
    return json::write(json::Object{{"headers", json::Object{{"X-Secret", "sk_live_SECRET123"}}}, {"body", body}});
  }
  std::unique_ptr<Exchange> receive(std::string_view body) { return begin("webhooks.receive", webhook(body)); }

  // A payment of this gateway, and its id.
  std::string pay(std::string_view reference, std::string_view provider_id, std::string_view status = "pending") {
    const json::Value input =
        json::Object{{"amount", json::Object{{"amount", "48.25"}, {"currency", "EUR"}}}, {"reference", reference}};
    const json::Value answer = json::Object{{"id", provider_id},
                                            {"status", status},
                                            {"amount", json::Number{"48.25"}},
                                            {"currency", "EUR"},
                                            {"reference", reference}};
    const auto paid = run("payments.create", json::write(input), 200, json::write(answer));
    EXPECT_TRUE(paid.ok()) << paid.error().message;
    clock_->advance(10);  // ids are sorted by their time
    return std::string(*paid->find_string("id"));
  }
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
      R"({"event":"paid","payment":null,"trust":"unverified","changed":false,"reason":"unknown_payment","http_status":200})");
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
    const auto exchange = shop_->begin("webhooks.receive", webhook(body));
    const Error error = exchange.ok() ? (*exchange)->result().error() : exchange.error();
    EXPECT_EQ(error.kind, ErrorKind::kWebhookRejected) << body << ": " << error.message;
    EXPECT_EQ(error.reason, "malformed") << body;
  }
}

TEST_F(WebhookTest, whose_script_never_ends_is_the_plugins_error) {
  const auto exchange = shop_->begin("webhooks.receive", webhook(R"({"loop":true})"));
  ASSERT_FALSE(exchange.ok());
  EXPECT_EQ(exchange.error().code, "script_time");
}

TEST_F(WebhookTest, whose_truth_cannot_be_fetched_is_that_error) {
  pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1"}})");
  fail(*exchange, Sent::kMaybe);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kTransport);
  EXPECT_NE(exchange->result().error().payment_id, "");
}

TEST_F(WebhookTest, shows_the_script_no_secret_that_it_repeats) {
  setenv("TILL_LOG", "info", 1);
  testing::internal::CaptureStderr();
  const auto exchange = receive(R"({"event":"sk_live_SECRET123"})");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("webhooks.receive: [secret]"));
  unsetenv("TILL_LOG");
  EXPECT_THAT(exchange->result().value(), Not(HasSubstr("SECRET123")));
}

TEST_F(WebhookTest, is_unsupported_where_the_provider_declares_none) {
  shop_ = open_gateway();
  EXPECT_EQ(shop_->begin("webhooks.receive", webhook("{}")).error().kind, ErrorKind::kUnsupported);
}

}  // namespace
}  // namespace till
