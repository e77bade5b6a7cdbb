// From a script's hint to the caller's result: see webhook.h.
#include "core/runtime/webhook.h"

#include <algorithm>
#include <utility>

#include "core/runtime/webhook_input.h"

namespace till {
namespace {

constexpr std::size_t kMaxIdLength = 255;
constexpr int kHttpOk = 200;
// Payments with one reference that are looked at: a payer rarely tries an order more than twice.
constexpr std::size_t kMaxSameReference = 20;

// An id as text; some providers count theirs in numbers.
Status read_id(const json::Value& payment, std::string_view key, std::string& out) {
  const json::Value* value = payment.find(key);
  if (!value || value->is_null()) return {};
  if (value->string()) out = *value->string();
  if (value->as_integer()) out = value->number()->text;
  if (!out.empty() && out.size() <= kMaxIdLength) return {};
  return plugin_error("script_output", "a webhook's payment." + std::string(key) + " is text of 1 to 255 bytes");
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
  return std::optional<Payment>(std::move(open == found.end() ? found.front() : *open));
}

}  // namespace

Result<WebhookHint> read_webhook_hint(const json::Value& output) {
  WebhookHint hint;
  const auto event = output.find_string("event");
  if (!event || event->empty() || event->size() > kMaxEventNameLength)
    return plugin_error("script_output", "a webhook needs an `event`, text of 1 to 255 bytes");
  hint.event = *event;
  const json::Value* payment = output.find("payment");
  if (!payment || payment->is_null()) return hint;
  if (!payment->object()) return plugin_error("script_output", "a webhook's payment is a table with id or reference");
  TILL_TRY(read_id(*payment, "id", hint.provider_id));
  TILL_TRY(read_id(*payment, "reference", hint.reference));
  return hint;
}

Result<std::optional<Payment>> find_hinted_payment(Store& store, std::string_view gateway, const WebhookHint& hint) {
  if (!hint.provider_id.empty()) {
    TILL_ASSIGN(auto found, store.find_payment_by_provider_id(gateway, hint.provider_id));
    if (found || hint.reference.empty()) return found;
  }
  if (hint.reference.empty()) return std::optional<Payment>();
  return find_by_reference(store, gateway, hint.reference);
}

json::Value webhook_result(const WebhookHint& hint, const json::Value& payment, bool changed) {
  const bool names_payment = !hint.provider_id.empty() || !hint.reference.empty();
  json::Value unchecked = names_payment ? "unknown_payment" : "no_payment";
  return json::Object{{"event", hint.event},
                      {"payment", payment},
                      {"trust", payment.is_null() ? "unverified" : "refetched"},
                      {"changed", changed},
                      {"reason", payment.is_null() ? std::move(unchecked) : json::Value()},
                      {"http_status", json::Value::integer(kHttpOk)}};
}

}  // namespace till
