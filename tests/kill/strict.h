// The provider of the rounds: it knows no idempotency, so each write that is sent twice is done twice.
#pragma once

#include <string_view>

namespace till::rounds {

inline constexpr std::string_view kWebhookSecret = "whsec_strict_0123456789";

inline constexpr std::string_view kScript = R"lua(
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
function provider.webhooks.receive(input)
  return {event = input.json.event, payment = payment(input.json.payment)}
end
provider.native.pay = function(params) return http.post("/paid", {json = params, read = true}).json end
)lua";

inline constexpr std::string_view kManifest = R"json({
  "manifest": 1, "id": "strict", "version": "1.0.0", "name": "Strict", "summary": "A strict service.",
  "homepage": "https://strict.example", "documentation": [],
  "capabilities": {"payments.create": {}, "payments.get": {}, "payments.list": {}, "refunds.create": {}, "refunds.list": {},
                   "webhooks.receive": {}},
  "native": {"pay": {"summary": "As if a payer paid."}},
  "settings": {"type": "object", "required": [], "additionalProperties": false, "properties": {
    "webhook_secret": {"type": "string", "title": "Webhook secret", "description": "Signs webhooks.", "secret": true}}},
  "modes": {"live": {"base_url": "https://strict.example"}}, "default_mode": "live", "hosts": ["strict.example"],
  "auth": {"scheme": "none"},
  "errors": {"rules": [{"status": [400, 599], "kind": "ProviderError"}]},
  "webhooks": {
    "events": {"processing": "Its money was seen.", "paid": "It was paid."}, "signed": true, "secret": "webhook_secret",
    "scheme": {"name": "strict", "signature": {"header": "x-signature"}, "signed": ["body"], "algorithm": "hmac-sha256", "key": "utf8",
               "encoding": "hex", "freshness": "none", "signed_covers": "body", "dedupe": {"json": "/id"}}},
  "reconcile": {"payments.create": {"by": "reference"}, "refunds.create": {"by": "list", "untimed": true}},
  "currencies": ["EUR"]
})json";

}  // namespace till::rounds
