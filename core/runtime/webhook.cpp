// From a request to what it proves, names and says: see webhook.h.
#include "core/runtime/webhook.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/base/utf8.h"
#include "core/crypto/digest.h"
#include "core/json/json.h"
#include "core/plugin/operation_output.h"
#include "core/runtime/operation_outcome.h"
#include "core/runtime/webhook_input.h"

namespace till {
namespace {

// Payments with one reference that are looked at: a payer rarely tries an order more than twice.
constexpr std::size_t kMaxSameReference = 20;

constexpr std::string_view kDigestPrefix = "sha256:";

std::string digest_of(std::string_view text) {
  return std::string(kDigestPrefix) + hex_encode(byte_view(sha256(text)));
}

// The address is the shop's own word; only the query is the request's.
std::string address_of(const GatewayConfig& config, const WebhookRequest& request) {
  if (request.query.empty()) return config.webhook_url;
  return config.webhook_url + (config.webhook_url.find('?') == std::string::npos ? "?" : "&") + request.query;
}

Result<webhook::Verified> verify(const GatewayConfig& config, const WebhookRequest& request, UnixMillis now_ms) {
  if (!config.webhooks) return webhook::Verified();
  const std::vector<webhook::Header> headers(request.headers.begin(), request.headers.end());
  const std::string url = address_of(config, request);
  return config.webhooks->verify({.headers = headers, .body = request.body, .url = url, .method = "POST"}, now_ms);
}

// Each kind of key has a prefix, so that no hint can stand in the way of an event. A body that is bound as a whole
// names the event better than all that is signed: the same event comes again with another time.
void name_event(std::string_view body, ReceivedWebhook& received) {
  const std::string& key = received.verified.dedupe_key;
  received.has_event_id = !key.empty() && !key.starts_with(kDigestPrefix);
  if (received.is_believed() && !received.has_event_id)
    received.event_key = "event:" + digest_of(body);
  else if (!key.empty())
    received.event_key = "event:" + key;
}

std::string kept_body(const json::Value& seen) {
  const json::Value* json = seen.find("json");
  std::string text = json ? json::write(*json) : std::string(seen.find_string("text").value_or(""));
  return cut_utf8(std::move(text), kMaxKeptWebhookBytes);
}

bool is_over(PaymentStatus status) {
  return status == PaymentStatus::kPaid || status == PaymentStatus::kExpired || status == PaymentStatus::kCancelled ||
         status == PaymentStatus::kFailed;
}

Result<std::optional<Payment>> find_by_reference(Store& store, std::string_view gateway, const std::string& reference) {
  TILL_ASSIGN(auto found, store.list_payments({.gateway = std::string(gateway),
                                               .reference = reference,
                                               .status = std::nullopt,
                                               .limit = kMaxSameReference}));
  std::erase_if(found, [](const Payment& payment) { return payment.provider_id.empty(); });
  if (found.empty()) return std::optional<Payment>();
  const auto open = std::find_if(found.begin(), found.end(), [](const Payment& one) { return !is_over(one.status); });
  return store.find_payment((open == found.end() ? found.front() : *open).id);  // a list alone holds nobody off
}

}  // namespace

Result<ReceivedWebhook> receive_webhook(const GatewayConfig& config, std::string_view input_json, UnixMillis now_ms) {
  TILL_ASSIGN(const WebhookRequest request, read_webhook_request(input_json));
  ReceivedWebhook received;
  received.received_at = now_ms;
  TILL_ASSIGN(received.verified, verify(config, request, now_ms));
  TILL_ASSIGN(json::Value seen, webhook_seen(request));
  received.seen = redacted(config, std::move(seen));
  received.kept_body = kept_body(received.seen);
  name_event(request.body, received);
  return received;
}

Result<WebhookNews> read_webhook_news(json::Value output) {
  TILL_TRY(plugin::check_operation_output("webhooks.receive", output));
  WebhookNews news;
  news.event = *output.find_string("event");
  json::Value* payment = output.object()->find("payment");
  if (!payment || payment->is_null()) return news;
  if (json::Value* id = payment->object()->find("id"); id && id->as_integer()) *id = json::Value(id->number()->text);
  TILL_ASSIGN(Observation seen, read_observation(*payment));
  if (seen.reference.size() > kMaxIdLength) return plugin_error("script_output", "a webhook's reference is too long");
  news.provider_id = seen.provider_id;
  news.reference = seen.reference;
  if (seen.status) news.told = std::move(seen);
  return news;
}

Result<std::optional<Payment>> find_told_payment(Store& store, std::string_view gateway, const WebhookNews& news,
                                                 bool exact) {
  if (!news.provider_id.empty()) {
    TILL_ASSIGN(auto found, store.find_payment_by_provider_id(gateway, news.provider_id));
    if (found || exact) return found;
  }
  if (news.reference.empty()) return std::optional<Payment>();
  return find_by_reference(store, gateway, news.reference);
}

Webhook webhook_record(const GatewayConfig& config, const ReceivedWebhook& received, const WebhookNews& news,
                       const Clock& clock) {
  const std::string said = json::write(json::Array{news.event, news.provider_id, news.reference});
  return {.id = new_id("whk_", clock),
          .gateway = config.name,
          .dedupe_key = received.event_key.empty() ? "hint:" + digest_of(said) : received.event_key,
          .event = news.event,
          .provider_id = news.provider_id,
          .reference = news.reference,
          .signature = std::string(webhook::signature_name(received.verified.signature)),
          .trust = received.is_believed() ? "signed" : "unverified",
          .received_at = received.received_at,
          .body = received.kept_body};
}

std::string_view outcome_trust_name(WebhookOutcome::Trust trust) {
  if (trust == WebhookOutcome::Trust::kSigned) return "signed";
  return trust == WebhookOutcome::Trust::kRefetched ? "refetched" : "unverified";
}

json::Value webhook_result(const ReceivedWebhook& received, const WebhookNews& news, WebhookOutcome outcome) {
  // Whoever may be anybody does not learn which payments the shop has.
  const std::string http_body = received.is_authentic() ? outcome.reason : std::string();
  return json::Object{{"event", news.event},
                      {"payment", std::move(outcome.payment)},
                      {"signature", webhook::signature_name(received.verified.signature)},
                      {"trust", outcome_trust_name(outcome.trust)},
                      {"duplicate", outcome.duplicate},
                      {"changed", outcome.changed},
                      {"reason", outcome.reason.empty() ? json::Value() : json::Value(std::move(outcome.reason))},
                      {"http_status", json::Value::integer(outcome.http_status)},
                      {"http_body", http_body}};
}

}  // namespace till
