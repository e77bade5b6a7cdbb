// How a gateway's settings say whether its webhooks are verified: what contradicts itself opens no gateway.
#include <gmock/gmock.h>

#include "tests/runtime/webhook_fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kByName =
    R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": "stripe"})";
constexpr std::string_view kByAddress =
    R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret", "scheme": "square"})";
constexpr std::string_view kByChoice = R"({"events": {"paid": "Paid."}, "signed": true, "secret": "webhook_secret",
    "scheme": {"setting": "signature", "values": {"body": "github", "token": "xendit"}}})";

class WebhookSettings : public WebhookFixture {
 protected:
  // Why the gateway that was opened last cannot be opened with these settings beside the API key.
  Error refused(std::string_view settings) {
    const auto gateway =
        Gateway::open(runtime_, shop_->provider(), "{\"api_key\":\"sk_live_SECRET123\"," + std::string(settings) + "}");
    if (gateway.ok()) return internal_error("it was opened");
    EXPECT_EQ(gateway.error().kind, ErrorKind::kConfiguration) << gateway.error().message;
    EXPECT_THAT(gateway.error().message, Not(HasSubstr("SECRET")));
    return gateway.error();
  }
};

TEST_F(WebhookSettings, without_the_secret_webhooks_are_hints) {
  open_with(kByName);
  pay("1234", "p1");
  const auto exchange = receive(R"({"event":"paid","payment":{"id":"p1","status":"paid"}})");
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 200, kPaid);
  EXPECT_EQ(parsed(exchange->result())->find_string("signature"), "none");
}

TEST_F(WebhookSettings, an_empty_secret_opens_no_gateway) {
  open_with(kByName);
  EXPECT_EQ(refused(R"("webhook_secret":"")").field, "$.webhook_secret");
  EXPECT_THAT(refused(R"("webhook_secret":"")").message, HasSubstr("anybody could sign"));
  EXPECT_EQ(refused(R"("webhook_secret":[])").field, "$.webhook_secret");
  EXPECT_EQ(refused(R"("webhook_secret":["whsec_1234",""])").field, "$.webhook_secret[1]");
}

TEST_F(WebhookSettings, a_secret_in_another_form_opens_no_gateway) {
  open_with(kByName);
  EXPECT_EQ(refused(R"("webhook_secret":7)").field, "$.webhook_secret");
  EXPECT_EQ(refused(R"("webhook_secret":["a",{"secrets":"b"}])").field, "$.webhook_secret[1]");
  EXPECT_THAT(refused(R"("webhook_secret":"SECRET\n")").message, HasSubstr("paste the secret alone"));
  std::string many = "\"a\"";
  for (int i = 0; i < 16; ++i) many += ",\"a\"";
  EXPECT_EQ(refused("\"webhook_secret\":[" + many + "]").field, "$.webhook_secret");
}

TEST_F(WebhookSettings, secrets_may_have_their_time) {
  open_with(kByName, R"(,"webhook_secret":[{"secret":"whsec_acme_0123456789","not_after":"2026-01-01T00:00:00Z"}])");
  EXPECT_EQ(refusal(signed_request(R"({"event":"a"})")).reason, "key_not_in_force");
}

TEST_F(WebhookSettings, a_scheme_that_signs_the_address_needs_it) {
  open_with(kByAddress);
  const Error error = refused(R"("webhook_secret":"whsec_1234")");
  EXPECT_EQ(error.field, "$.webhook_url");
  EXPECT_EQ(refused(R"("webhook_secret":"whsec_1234","webhook_url":"shop.example/hooks")").field, "$.webhook_url");
  EXPECT_EQ(refused(R"("webhook_secret":"whsec_1234","webhook_url":"https://shop.example/hooks")").message,
            "it was opened");
}

TEST_F(WebhookSettings, a_choice_of_scheme_and_its_secret_go_together) {
  open_with(kByChoice);
  EXPECT_EQ(refused(R"("webhook_secret":"whsec_1234")").field, "$.signature");
  EXPECT_EQ(refused(R"("signature":"off","webhook_secret":"whsec_1234")").field, "$.signature");
  EXPECT_EQ(refused(R"("signature":"body")").field, "$.webhook_secret");
}

TEST_F(WebhookSettings, a_choice_of_scheme_is_the_one_that_verifies) {
  open_with(kByChoice, R"(,"signature":"body","webhook_secret":"whsec_acme_0123456789")");
  const std::string body = R"({"event":"a"})";
  const std::string good = "sha256=" + hmac("whsec_acme_0123456789", body);
  EXPECT_EQ(parsed(begin("webhooks.receive", request(body, json::Object{{"X-Hub-Signature-256", good}}))->result())
                ->find_string("signature"),
            "valid");
  EXPECT_EQ(refusal(request(body, json::Object{{"x-callback-token", "whsec_acme_0123456789"}})).reason,
            "missing_signature");
}

}  // namespace
}  // namespace till
