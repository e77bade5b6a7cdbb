// Webhook: what a script made of a notification, and what the caller is told of it. The event is a hint until the
// payment was asked about: whoever knows a webhook's address can write to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/payment/payment.h"
#include "core/store/store.h"

namespace till {

inline constexpr std::size_t kMaxEventNameLength = 255;

// What webhooks.receive of a script returned: {event = "...", payment = {id = "..."} or {reference = "..."}}.
struct WebhookHint {
  std::string event;        // the provider's own name for it
  std::string provider_id;  // of the payment, as the provider calls it; empty: not said
  std::string reference;    // the shop's own; empty: not said
};

// kPlugin, code "script_output", when it is something else.
Result<WebhookHint> read_webhook_hint(const json::Value& output);

// The payment of this gateway that the hint means, if it can be asked about. Of several with the reference the newest
// that is not at its end, else the newest.
Result<std::optional<Payment>> find_hinted_payment(Store& store, std::string_view gateway, const WebhookHint& hint);

// docs/schemas/webhook.json. `payment` as JSON after it was fetched; null when there was none to fetch.
json::Value webhook_result(const WebhookHint& hint, const json::Value& payment, bool changed);

}  // namespace till
