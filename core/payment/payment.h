// Payment: one amount that a payer is to pay, and what is known of it. Its states are ours, whatever the provider calls
// its.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/money/money.h"

namespace till {

enum class PaymentStatus {
  kPending,         // the payer must act: open a page, send coins
  kRequiresAction,  // a particular step is due, see next_action
  kUnderpaid,       // some money came: accept, refund or wait
  kProcessing,      // money seen, not final
  kPaid,            // final
  kExpired,
  kCancelled,
  kFailed,
};

// kUnknown: a write was sent and no answer came; ask the provider before trying again.
enum class Outcome { kKnown, kUnknown };

// A value. Strings are empty and JSON values null where nothing is known.
struct Payment {
  std::string id;           // ours, sortable: "pay_..."; empty for one that the store does not know
  std::string provider;     // "acme"
  std::string provider_id;  // the provider's own
  std::string gateway;      // name of the gateway that made it
  std::string reference;    // the shop's order id
  std::string description;
  PaymentStatus status = PaymentStatus::kPending;
  Outcome outcome = Outcome::kKnown;
  std::optional<Money> amount;
  std::optional<Money> amount_paid;
  std::optional<Money> amount_due;
  std::optional<Money> amount_refunded;
  std::string checkout_url;
  std::string qr_url;
  json::Value pay_to;       // {currency, amount, address, uri, rate}
  json::Value next_action;  // {type, ...}
  json::Value decline;      // {code, message}
  json::Array refunds;
  std::vector<std::string> made_refunds;  // our ids of those that a call is known to have made; private, never shown
  bool accepted = false;  // the shop took what came for enough, less or more than `amount`; private, never shown
  bool test = false;
  UnixMillis created_at = 0;
  UnixMillis updated_at = 0;
  std::optional<UnixMillis> expires_at;
  json::Value metadata;
  json::Value raw;                    // the provider's own reply, secrets and card data removed
  std::string plugin_version;         // of the plugin that made it; empty for a payment made before this was kept
  std::string account;                // whose money it becomes, as the provider names merchants; private, never shown
  json::Value state;                  // what the provider's script wants back later; private, never shown
  std::optional<UnixMillis> look_at;  // when the provider is to be asked about it; nullopt: it need not be
  std::int64_t looks = 0;             // how often it was asked about without news
};

std::string_view payment_status_name(PaymentStatus status);
std::optional<PaymentStatus> payment_status_from_name(std::string_view name);

// The public shape of docs/schemas/payment.json: every member present, times as ISO 8601 text in UTC.
json::Value payment_to_json(const Payment& payment);
// The public shape, `made_refunds`, `accepted`, `state`, `plugin_version` and `account`: what the store keeps, beside
// `look_at` and `looks`.
json::Value payment_to_record(const Payment& payment);
// The inverse of payment_to_record(). Errors are kInternal: a record is only ever written by us.
Result<Payment> payment_from_record(const json::Value& record);

// {"amount": "48.25", "currency": "EUR"}
json::Value money_to_json(const Money& money);
// kInvalidRequest; `path` is where the object stands, e.g. "$.amount".
Result<Money> money_from_json(const json::Value& value, std::string_view path);

}  // namespace till
