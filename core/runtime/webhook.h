// Webhook: from a request that came to the shop's address to what it proves, what a script made of it, and what the
// caller is told. Two results from the first step on: who sent it, and whether what it says may be believed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/payment/payment.h"
#include "core/payment/transition.h"
#include "core/runtime/gateway_config.h"
#include "core/store/store.h"
#include "core/webhook/verifier.h"

namespace till {

// A webhook's body as it is kept: documented ones stay under a tenth of it.
inline constexpr std::size_t kMaxKeptWebhookBytes = 64 * kKiB;
// Hints about payments that the store does not know: anybody may send them, so the oldest go.
inline constexpr std::size_t kMaxUnmatchedHints = 1000;

// What is known of a webhook before its script runs.
struct ReceivedWebhook {
  webhook::Verified verified;
  UnixMillis received_at = 0;
  json::Value seen;           // what the script sees, secrets replaced
  std::string kept_body;      // what the store keeps
  std::string event_key;      // the same for the same event, from signed bytes only; empty: nothing names it
  bool has_event_id = false;  // the key is an id of the sender's; else it is a digest, which two events may share

  // The signature binds all of it.
  bool is_believed() const { return verified.trust == webhook::Verified::Trust::kSigned; }
  // It comes from the provider, whatever of it is signed.
  bool is_authentic() const { return verified.signature != webhook::Verified::Signature::kNone; }
};

// Limits, then the signature over the raw bytes, then the first parser. kWebhookRejected with the reason;
// kInvalidRequest when the caller's input is wrong. A gateway without secrets for webhooks verifies nothing.
Result<ReceivedWebhook> receive_webhook(const GatewayConfig& config, std::string_view input_json, UnixMillis now_ms);

// What webhooks.receive of a script returned.
struct WebhookNews {
  std::string event;                // the provider's own name for it
  std::string provider_id;          // of the payment, as the provider calls it; empty: not said
  std::string reference;            // the shop's own; empty: not said
  std::optional<Observation> told;  // what it says of the payment; nullopt: nothing but its name

  bool names_payment() const { return !provider_id.empty() || !reference.empty(); }
};

// kPlugin, code "script_output", when it is something else.
Result<WebhookNews> read_webhook_news(json::Value output);

// The payment of this gateway that is meant, if it can be asked about. By the provider's id; by the shop's reference
// when no id is given, or, unless `exact`, when no payment has it. Of several with the reference the newest that is not
// at its end, else the newest.
Result<std::optional<Payment>> find_told_payment(Store& store, std::string_view gateway, const WebhookNews& news,
                                                 bool exact);

// What the store keeps: under the event's key or, for a hint, under the digest of what it says.
Webhook webhook_record(const GatewayConfig& config, const ReceivedWebhook& received, const WebhookNews& news,
                       const Clock& clock);

// What became of it; becomes docs/schemas/webhook.json.
struct WebhookOutcome {
  enum class Trust { kSigned, kRefetched, kUnverified };
  json::Value payment{};  // as JSON; null: there is none of this gateway
  Trust trust = Trust::kUnverified;
  bool duplicate = false;
  bool changed = false;
  std::string reason{};  // why it changed nothing; empty: no reason to give
  int http_status = 200;
};

std::string_view outcome_trust_name(WebhookOutcome::Trust trust);
json::Value webhook_result(const ReceivedWebhook& received, const WebhookNews& news, WebhookOutcome outcome);

}  // namespace till
