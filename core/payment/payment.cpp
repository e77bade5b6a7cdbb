// Payment: names of states and the JSON shapes.
#include "core/payment/payment.h"

#include <array>
#include <utility>

#include "core/base/time.h"

namespace till {
namespace {

using json::Value;

constexpr std::array<std::pair<PaymentStatus, std::string_view>, 8> kStatusNames{{
    {PaymentStatus::kPending, "pending"},
    {PaymentStatus::kRequiresAction, "requires_action"},
    {PaymentStatus::kUnderpaid, "underpaid"},
    {PaymentStatus::kProcessing, "processing"},
    {PaymentStatus::kPaid, "paid"},
    {PaymentStatus::kExpired, "expired"},
    {PaymentStatus::kCancelled, "cancelled"},
    {PaymentStatus::kFailed, "failed"},
}};

Value money_or_null(const std::optional<Money>& money) { return money ? money_to_json(*money) : Value(); }
Value time_or_null(std::optional<UnixMillis> at_ms) { return at_ms ? Value(format_iso_time(*at_ms)) : Value(); }

Value value_of(const Value& record, std::string_view key) {
  const Value* value = record.find(key);
  return value ? *value : Value();
}

Result<std::optional<Money>> money_of(const Value& record, std::string_view key) {
  const Value* value = record.find(key);
  if (!value || value->is_null()) return std::optional<Money>();
  TILL_ASSIGN(Money money, money_from_json(*value, "$." + std::string(key)));
  return std::optional<Money>(std::move(money));
}

Result<std::optional<UnixMillis>> time_of(const Value& record, std::string_view key) {
  const auto text = record.find_string(key);
  if (!text) return std::optional<UnixMillis>();
  TILL_ASSIGN(UnixMillis at_ms, parse_time(*text));
  return std::optional<UnixMillis>(at_ms);
}

Status read_amounts(const Value& record, Payment& payment) {
  TILL_ASSIGN(payment.amount, money_of(record, "amount"));
  TILL_ASSIGN(payment.amount_paid, money_of(record, "amount_paid"));
  TILL_ASSIGN(payment.amount_due, money_of(record, "amount_due"));
  TILL_ASSIGN(payment.amount_refunded, money_of(record, "amount_refunded"));
  return {};
}

Status read_times(const Value& record, Payment& payment) {
  TILL_ASSIGN(auto created_at, time_of(record, "created_at"));
  TILL_ASSIGN(auto updated_at, time_of(record, "updated_at"));
  TILL_ASSIGN(payment.expires_at, time_of(record, "expires_at"));
  payment.created_at = created_at.value_or(0);
  payment.updated_at = updated_at.value_or(0);
  return {};
}

}  // namespace

std::string_view payment_status_name(PaymentStatus status) {
  for (const auto& [known, name] : kStatusNames)
    if (known == status) return name;
  return "pending";
}

std::optional<PaymentStatus> payment_status_from_name(std::string_view name) {
  for (const auto& [status, known] : kStatusNames)
    if (known == name) return status;
  return std::nullopt;
}

Value money_to_json(const Money& money) {
  return json::Object{{"amount", money.amount_text()}, {"currency", money.currency().code()}};
}

Result<Money> money_from_json(const Value& value, std::string_view path) {
  const auto here = [&](std::string_view member) { return std::string(path) + "." + std::string(member); };
  if (!value.object())
    return invalid_request(std::string(path), "expected {\"amount\": \"48.25\", \"currency\": \"EUR\"}, got " +
                                                  std::string(value.type_name()));
  for (const auto& [key, member] : *value.object())
    if (key != "amount" && key != "currency") return invalid_request(here(key), "unknown member of an amount");
  const auto amount = value.find_string("amount");
  const auto currency = value.find_string("currency");
  if (!amount) return invalid_request(here("amount"), "expected a decimal as text, for instance \"48.25\"");
  if (!currency) return invalid_request(here("currency"), "expected a currency code as text, for instance \"EUR\"");
  auto money = Money::parse(*amount, *currency);
  if (!money.ok()) money.error().field = here(money.error().field == "currency" ? "currency" : "amount");
  return money;
}

Value payment_to_json(const Payment& payment) {
  json::Object out;
  out.reserve(25);
  out.append("id", json::text_or_null(payment.id));
  out.append("provider", payment.provider);
  out.append("provider_id", json::text_or_null(payment.provider_id));
  out.append("gateway", payment.gateway);
  out.append("reference", json::text_or_null(payment.reference));
  out.append("description", json::text_or_null(payment.description));
  out.append("status", payment_status_name(payment.status));
  out.append("outcome", payment.outcome == Outcome::kKnown ? "known" : "unknown");
  out.append("amount", money_or_null(payment.amount));
  out.append("amount_paid", money_or_null(payment.amount_paid));
  out.append("amount_due", money_or_null(payment.amount_due));
  out.append("amount_refunded", money_or_null(payment.amount_refunded));
  out.append("checkout_url", json::text_or_null(payment.checkout_url));
  out.append("qr_url", json::text_or_null(payment.qr_url));
  out.append("pay_to", payment.pay_to);
  out.append("next_action", payment.next_action);
  out.append("refunds", payment.refunds);
  out.append("decline", payment.decline);
  out.append("test", payment.test);
  out.append("created_at", time_or_null(payment.created_at ? std::optional(payment.created_at) : std::nullopt));
  out.append("updated_at", time_or_null(payment.updated_at ? std::optional(payment.updated_at) : std::nullopt));
  out.append("expires_at", time_or_null(payment.expires_at));
  out.append("metadata", payment.metadata);
  out.append("raw", payment.raw);
  return out;
}

Value payment_to_record(const Payment& payment) {
  Value record = payment_to_json(payment);
  if (!payment.made_refunds.empty())
    record.object()->set("made_refunds", json::Array(payment.made_refunds.begin(), payment.made_refunds.end()));
  if (payment.accepted) record.object()->set("accepted", true);
  record.object()->set("state", payment.state);
  record.object()->set("plugin_version", payment.plugin_version);
  if (!payment.account.empty()) record.object()->set("account", payment.account);
  return record;
}

Result<Payment> payment_from_record(const Value& record) {
  const auto status = payment_status_from_name(record.find_string("status").value_or(""));
  if (!record.object() || !status) return internal_error("a stored payment cannot be read");
  Payment payment;
  payment.id = text_of(record, "id");
  payment.provider = text_of(record, "provider");
  payment.provider_id = text_of(record, "provider_id");
  payment.gateway = text_of(record, "gateway");
  payment.reference = text_of(record, "reference");
  payment.description = text_of(record, "description");
  payment.status = *status;
  payment.outcome = record.find_string("outcome") == "unknown" ? Outcome::kUnknown : Outcome::kKnown;
  TILL_TRY(read_amounts(record, payment));
  payment.checkout_url = text_of(record, "checkout_url");
  payment.qr_url = text_of(record, "qr_url");
  payment.pay_to = value_of(record, "pay_to");
  payment.next_action = value_of(record, "next_action");
  payment.decline = value_of(record, "decline");
  if (const Value* refunds = record.find("refunds"); refunds && refunds->array()) payment.refunds = *refunds->array();
  if (const Value* made = record.find("made_refunds"); made && made->array())
    for (const Value& id : *made->array()) payment.made_refunds.push_back(id.string() ? *id.string() : std::string());
  payment.accepted = record.find_bool("accepted").value_or(false);
  payment.test = record.find_bool("test").value_or(false);
  TILL_TRY(read_times(record, payment));
  payment.metadata = value_of(record, "metadata");
  payment.raw = value_of(record, "raw");
  payment.state = value_of(record, "state");
  payment.plugin_version = text_of(record, "plugin_version");
  payment.account = text_of(record, "account");
  return payment;
}

}  // namespace till
