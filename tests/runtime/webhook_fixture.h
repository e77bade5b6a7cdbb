// Webhooks of the tests' own provider: signed as Stripe signs, or as a test wants it, and sent by the test.
#pragma once

#include <gmock/gmock.h>

#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/hmac.h"
#include "tests/runtime/fixture.h"

namespace till {

inline constexpr std::string_view kReceive = R"lua(
function provider.webhooks.receive(input)
  local told = input.json or input.form
  log.info(input.headers["x-secret"] or "none")
  if told.refuse then fail("InvalidRequest", "It is not for this shop.") end
  if told.loop then while true do end end
  local p = told.payment
  if told.composed then return {event = "payment" .. "." .. "late", payment = {id = p.id}} end
  if type(p) ~= "table" then return {event = told.event, payment = p} end
  return {event = told.event, payment = {
    id = p.id, reference = p.reference, status = p.status, amount = p.amount and money.of(p.amount, p.currency),
    amount_paid = p.paid and money.of(p.paid, p.currency), test = p.test, account = p.account, raw = p}}
end
)lua";

class WebhookFixture : public AcmeTest {
 protected:
  static constexpr std::string_view kSecret = "whsec_acme_0123456789";

  // Acme with webhooks that are declared as `webhooks` says, and with `settings` beside the API key.
  void open_with(std::string_view webhooks, std::string_view settings = "") {
    std::string manifest = replaced(
        replaced(kAcmeManifest, R"("check": {}})", R"("webhooks.receive": {}, "check": {}})"), R"("idempotency": null)",
        R"("idempotency": null, "account": {"setting": "merchant"}, "webhooks": )" + std::string(webhooks));
    manifest = replaced(manifest, R"("token": {)", R"(
      "merchant": {"type": "string", "title": "Merchant", "description": "Whose account."},
      "webhook_secret": {"type": "string", "title": "Webhook secret", "description": "Signs webhooks.", "secret": true},
      "signature": {"type": "string", "title": "Signature", "description": "How.", "enum": ["off", "body", "token"], "default": "off"},
      "token": {)");
    open_variant(manifest, "{\"api_key\":\"sk_live_SECRET123\"" + std::string(settings) + "}",
                 std::string(kAcmeScript) + std::string(kReceive));
  }
  void open_unsigned() {
    open_with(R"({"events": {"paid": "It was paid."}, "signed": false, "reason": "Acme signs nothing."})");
  }
  void open_signed(std::string_view scheme = "stripe", std::string_view settings = "") {
    open_with(R"({"events": {"paid": "It was paid."}, "signed": true, "secret": "webhook_secret", "scheme": ")" +
                  std::string(scheme) + "\"}",
              R"(,"webhook_secret":"whsec_acme_0123456789")" + std::string(settings));
  }

  static std::string hmac(std::string_view secret, std::string_view text) {
    const HmacKey key = HmacKey::create(HmacHash::kSha256, Secret(secret)).value();
    return hex_encode(key.sign(text).bytes());
  }

  // A request to the webhook's address, as receive takes it.
  static std::string request(std::string_view body, json::Object headers = {}) {
    return json::write(json::Object{{"headers", std::move(headers)}, {"body", body}});
  }
  // The same with the signature that belongs to it.
  std::string signed_request(std::string_view body, std::string_view secret = kSecret) const {
    const std::string seconds = std::to_string(clock_->now_ms() / 1000);
    const std::string signature = hmac(secret, seconds + "." + std::string(body));
    return request(body, json::Object{{"Stripe-Signature", "t=" + seconds + ",v1=" + signature}});
  }

  std::unique_ptr<Exchange> receive(std::string_view body) { return begin("webhooks.receive", request(body)); }
  std::unique_ptr<Exchange> receive_signed(std::string_view body) {
    return begin("webhooks.receive", signed_request(body));
  }
  // What became of a signed webhook that needed no request.
  json::Value outcome_of(std::string_view body) {
    const auto exchange = receive_signed(body);
    EXPECT_EQ(exchange->request(), nullptr) << body;
    return parsed(exchange->result()).value();
  }
  // Why it was refused, with the place of what the caller gave wrongly.
  Error refusal(std::string_view input) {
    const auto exchange = shop_->begin("webhooks.receive", input);
    if (!exchange.ok()) return exchange.error();
    if ((*exchange)->request() || (*exchange)->result().ok()) return internal_error("it was taken");
    return (*exchange)->result().error();
  }

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

  std::vector<std::string> event_types(std::string_view payment_id) const {
    std::vector<std::string> out;
    const auto events = store()->list_events(payment_id).value();
    for (const Event& event : events) out.push_back(event.type);
    return out;
  }
  std::vector<Webhook> kept() const { return store()->list_webhooks({.gateway = shop_->name()}).value(); }
};

}  // namespace till
