// The values that an operation begins and ends with.
#include "core/runtime/operation_outcome.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/json/json.h"

namespace till {
namespace {

// Member names under which card data would stand in anybody's reply.
constexpr std::array<std::string_view, 8> kCardMembers{"card_number", "card_cvv", "cvv",        "cvc",
                                                       "cvv2",        "pan",      "cardNumber", "card_cvc"};

bool is_card_member(std::string_view key) {
  return std::find(kCardMembers.begin(), kCardMembers.end(), key) != kCardMembers.end();
}

std::string text_of(const json::Value& value, std::string_view key) {
  return std::string(value.find_string(key).value_or(std::string_view()));
}

Error conflict(std::string code, std::string message, const Write& earlier, bool retryable) {
  return {.kind = ErrorKind::kConflict,
          .code = std::move(code),
          .message = std::move(message),
          .field = "$.idempotency_key",
          .payment_id = earlier.payment_id,
          .retryable = retryable};
}

std::string bounded_message(std::string text) {
  if (text.size() <= kMaxErrorMessageLength) return text;
  std::size_t end = kMaxErrorMessageLength;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

Payment blank_payment(const GatewayConfig& config) {
  Payment payment;
  payment.provider = config.manifest().id;
  payment.gateway = config.name;
  payment.test = config.test;
  return payment;
}

Payment planned_payment(const GatewayConfig& config, const OperationInput& input, UnixMillis now_ms,
                        const Clock& clock) {
  Payment payment = blank_payment(config);
  payment.id = new_id("pay_", clock);
  payment.reference = text_of(input.value, "reference");
  payment.description = text_of(input.value, "description");
  payment.outcome = Outcome::kUnknown;
  payment.amount = input.amount;
  payment.created_at = now_ms;
  payment.updated_at = now_ms;
  if (const json::Value* metadata = input.value.find("metadata")) payment.metadata = *metadata;
  return payment;
}

std::string refund_provider_id(const Payment& payment, const json::Value& input) {
  const std::string id = text_of(input, "id");
  for (const json::Value& refund : payment.refunds)
    if (refund.find_string("id") == id) return text_of(refund, "provider_id");
  return id;
}

Result<std::string> earlier_outcome(const Write& earlier, const Write& now, UnixMillis now_ms) {
  if (earlier.operation != now.operation || earlier.input_hash != now.input_hash)
    return conflict("idempotency_key_reused", "this idempotency key was used before with another input", earlier,
                    false);
  const bool given_up = earlier.state == WriteState::kInFlight && now_ms > earlier.deadline_at;
  if (earlier.state == WriteState::kInFlight && !given_up)
    return conflict("in_flight", "the first call with this idempotency key is still under way", earlier, true);
  if (earlier.state == WriteState::kUnknown || given_up)
    return Error{
        .kind = ErrorKind::kOutcomeUnknown,
        .code = "outcome_unknown",
        .message = "the first call with this idempotency key was sent and never answered: ask before trying again",
        .payment_id = earlier.payment_id,
        .sent = Sent::kMaybe};
  if (earlier.outcome.empty())
    return conflict("outcome_not_kept",
                    "the first call with this idempotency key handed out a secret, which is not kept", earlier, false);
  TILL_ASSIGN(const json::Value outcome, json::parse(earlier.outcome));
  if (const json::Value* error = outcome.find("error")) return error_from_json(*error);
  const json::Value* result = outcome.find("result");
  if (!result) return internal_error("a recorded outcome cannot be read");
  return json::write(*result);
}

json::Value error_to_json(const Error& error) {
  const auto text = [](const std::string& value) { return value.empty() ? json::Value() : json::Value(value); };
  return json::Object{
      {"class", error_kind_name(error.kind)},
      {"status", json::Value::integer(static_cast<int>(error.kind))},
      {"code", error.code},
      {"message", error.message},
      {"field", text(error.field)},
      {"provider_code", text(error.provider_code)},
      {"request_id", text(error.request_id)},
      {"payment_id", text(error.payment_id)},
      {"reason", text(error.reason)},
      {"sent", sent_name(error.sent)},
      {"retryable", error.retryable},
      {"retry_after_ms", error.retry_after_ms ? json::Value::integer(*error.retry_after_ms) : json::Value()}};
}

Error error_from_json(const json::Value& value) {
  Error error;
  error.kind = error_kind_from_name(text_of(value, "class")).value_or(ErrorKind::kInternal);
  error.code = text_of(value, "code");
  error.message = text_of(value, "message");
  error.field = text_of(value, "field");
  error.provider_code = text_of(value, "provider_code");
  error.request_id = text_of(value, "request_id");
  error.payment_id = text_of(value, "payment_id");
  error.reason = text_of(value, "reason");
  const std::string sent = text_of(value, "sent");
  error.sent = sent == "no" ? Sent::kNo : sent == "yes" ? Sent::kYes : Sent::kMaybe;
  error.retryable = value.find_bool("retryable").value_or(false);
  error.retry_after_ms = value.find_integer("retry_after_ms");
  return error;
}

Error hide_secrets(Error error, const GatewayConfig& config, const Handles& handles) {
  for (std::string* text : {&error.message, &error.provider_code, &error.field, &error.request_id, &error.reason}) {
    const json::Value shown = handles.shown(*text, false);
    *text = bounded_message(config.redact(*shown.string()));
  }
  return error;
}

json::Value redacted(const GatewayConfig& config, const json::Value& value) {
  if (const std::string* text = value.string()) return config.redact(*text);
  if (const json::Array* array = value.array()) {
    json::Array out;
    for (const json::Value& item : *array) out.push_back(redacted(config, item));
    return out;
  }
  if (!value.object()) return value;
  json::Object out;
  for (const auto& [key, member] : *value.object())
    out.set(key, is_card_member(key) ? json::Value("[card]") : redacted(config, member));
  return out;
}

json::Value bounded_raw(json::Value output) {
  json::Object* members = output.object();
  const json::Value* raw = members ? members->find("raw") : nullptr;
  if (raw && json::write(*raw).size() > kMaxRawBytes)
    members->set("raw", json::Object{{"left_out", "the provider's reply is larger than " +
                                                      std::to_string(kMaxRawBytes) + " bytes"}});
  return output;
}

}  // namespace till
