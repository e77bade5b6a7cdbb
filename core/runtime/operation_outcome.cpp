// The values that an operation begins and ends with.
#include "core/runtime/operation_outcome.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/base/utf8.h"
#include "core/json/json.h"

namespace till {
namespace {

// Member names, in lower case, under which a card's security code would stand in anybody's reply. A code is too short
// to be looked for by its digits.
constexpr std::array<std::string_view, 14> kCardMembers{
    "card_number", "cardnumber", "pan",  "card_cvv", "cardcvv", "cvv", "cvv2",
    "card_cvc",    "cvc",        "cvc2", "cvd",      "cid",     "csc", "security_code"};

bool is_card_member(std::string_view key) {
  return std::any_of(kCardMembers.begin(), kCardMembers.end(), [&](auto known) { return same_word(known, key); });
}

void redact_members(const GatewayConfig& config, json::Value& value) {
  const auto redact_in = [&](std::string& text) { return config.redact_in(text); };
  if (json::Array* array = value.array()) {
    for (json::Value& item : *array) redact_members(config, item);
  } else if (json::Object* object = value.object()) {
    redact_keys(*object, redact_in);
    for (auto& [key, member] : *object) {
      if (is_card_member(key))
        member = "[card]";
      else
        redact_members(config, member);
    }
  } else {
    redact_scalar(value, redact_in);
  }
}

// No less than the bytes that the value takes when it is written, and quicker to know.
std::size_t most_bytes(const json::Value& value) {
  constexpr std::size_t kMostOfOne = 6;  // a character, as \u0000
  constexpr std::size_t kAround = 8;     // quotes, colon and comma, or a word
  std::size_t bytes = kAround;
  if (const std::string* text = value.string()) {
    bytes += kMostOfOne * text->size();
  } else if (const json::Number* number = value.number()) {
    bytes += number->text.size();
  } else if (const json::Array* array = value.array()) {
    for (const json::Value& item : *array) bytes += most_bytes(item);
  } else if (const json::Object* object = value.object()) {
    for (const auto& [key, member] : *object) bytes += kMostOfOne * key.size() + most_bytes(member);
  }
  return bytes;
}

Error conflict(std::string code, std::string message, const Write& earlier, bool retryable) {
  return {.kind = ErrorKind::kConflict,
          .code = std::move(code),
          .message = std::move(message),
          .field = "$.idempotency_key",
          .payment_id = earlier.payment_id,
          .retryable = retryable};
}

}  // namespace

Payment blank_payment(const GatewayConfig& config) {
  Payment payment;
  payment.provider = config.manifest().id;
  payment.gateway = config.name;
  payment.plugin_version = config.manifest().version;
  payment.test = config.test;
  payment.account = config.account;
  return payment;
}

Payment planned_payment(const GatewayConfig& config, const OperationInput& input, std::string id, UnixMillis now_ms) {
  Payment payment = blank_payment(config);
  payment.id = std::move(id);
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
    if (refund.find_string("id") == id && refund.find_string("provider_id")) return text_of(refund, "provider_id");
  return id;
}

RefundIndex::RefundIndex(json::Array& refunds) : refunds_(refunds) {
  for (std::size_t at = 0; at < refunds_.size(); ++at) note(at);
}

json::Value* RefundIndex::find(std::string_view id) {
  const auto found = places_.find(std::string(id));
  return id.empty() || found == places_.end() ? nullptr : &refunds_[found->second];
}

void RefundIndex::append(json::Value refund) {
  refunds_.push_back(std::move(refund));
  note(refunds_.size() - 1);
}

void RefundIndex::note(std::size_t at) {
  for (const char* key : {"provider_id", "id"})
    if (const auto id = refunds_[at].find_string(key)) places_.emplace(*id, at);
}

Event refund_event(const Payment& payment, const json::Value& refund, std::string source, const Clock& clock) {
  Event event = payment_event(payment, "refund.created", std::move(source), clock);
  event.at = clock.now_ms();
  event.detail =
      json::write(json::Object{{"status", payment_status_name(payment.status)}, {"refund_id", text_of(refund, "id")}});
  return event;
}

json::Value wanted_input(const Write& write) {
  if (write.input.empty()) return {};
  auto input = json::parse(write.input, {.max_bytes = write.input.size()});
  return input.ok() ? *std::move(input) : json::Value();
}

std::pair<UnixMillis, UnixMillis> settlement_window(const Write& write) {
  return {write.created_at - kClockSkewMs, write.deadline_at + kClockSkewMs};
}

std::string settled_by(const GatewayConfig& config, std::string_view operation) {
  const plugin::Manifest& manifest = config.manifest();
  const bool shows = (operation == "payments.cancel" || operation == "payments.accept") &&
                     manifest.capabilities.contains("payments.get");  // the payment's state does
  return shows || manifest.reconcile.contains(operation) ? "reconcile" : "dashboard";
}

std::string_view how_to_settle(const GatewayConfig& config, std::string_view operation) {
  return settled_by(config, operation) == "reconcile" ? "let reconcile ask, or look on the provider's dashboard,"
                                                      : "look on the provider's dashboard";
}

Result<std::string> earlier_outcome(const GatewayConfig& config, const Write& earlier, const Write& now,
                                    UnixMillis now_ms) {
  if (earlier.operation != now.operation || earlier.input_hash != now.input_hash)
    return conflict("idempotency_key_reused", "this idempotency key was used before with another input", earlier,
                    false);
  const bool given_up = earlier.state == WriteState::kInFlight && now_ms > earlier.deadline_at;
  if (earlier.state == WriteState::kInFlight && !given_up)
    return conflict("in_flight", "the first call with this idempotency key is still under way", earlier, true);
  if (earlier.state == WriteState::kUnknown || given_up)
    return Error{.kind = ErrorKind::kOutcomeUnknown,
                 .code = "outcome_unknown",
                 .message = "the outcome of the first call with this idempotency key is unknown: " +
                            std::string(how_to_settle(config, earlier.operation)) + " before trying again",
                 .payment_id = earlier.payment_id,
                 .settle = settled_by(config, earlier.operation),
                 .sent = Sent::kMaybe};
  if (earlier.outcome == kNotDone)
    return conflict("settled_not_done",
                    "the first call with this idempotency key was settled by hand as one that never had its effect: "
                    "call again with a new idempotency key",
                    earlier, false);
  if (earlier.outcome.empty())
    return conflict("outcome_not_kept",
                    "the first call with this idempotency key handed out a secret, which is not kept", earlier, false);
  return earlier.outcome;
}

Result<std::string> settled_before(const Write& write, const std::optional<Payment>& payment,
                                   std::string_view provider_id) {
  const bool not_done = write.outcome == kNotDone;
  const bool has_id = payment && !payment->provider_id.empty();
  if (has_id && !not_done && payment->provider_id == provider_id) return json::write(payment_to_json(*payment));
  const std::string as = not_done ? write.operation + " was settled by hand as one that never had its effect"
                         : has_id ? "the payment is " + payment->provider_id + " at the provider"
                                  : "how it ended is known";
  return Error{.kind = ErrorKind::kConflict,
               .code = "already_settled",
               .message = "nothing is left to settle: " + as,
               .payment_id = payment ? payment->id : std::string()};
}

Error done_after_all(const Write& write) {
  return {.kind = ErrorKind::kOutcomeUnknown,
          .code = "outcome_unknown",
          .message = "the provider answered " + write.operation +
                     " after it was settled by hand as one that never had its effect: look on the provider's "
                     "dashboard before trying again",
          .payment_id = write.payment_id,
          .settle = "dashboard",
          .sent = Sent::kYes};
}

Event payment_event(const Payment& payment, std::string type, std::string source, const Clock& clock) {
  return {.id = new_id("evt_", clock),
          .gateway = payment.gateway,
          .payment_id = payment.id,
          .type = std::move(type),
          .source = std::move(source),
          .at = payment.updated_at,
          .detail = json::write(json::Object{{"status", payment_status_name(payment.status)}})};
}

Event mismatch_event(const Payment& payment, std::string_view reason, std::string source, const Clock& clock) {
  Event event = payment_event(payment, "payment.mismatch", std::move(source), clock);
  event.at = clock.now_ms();
  event.detail = json::write(json::Object{{"status", payment_status_name(payment.status)}, {"reason", reason}});
  return event;
}

bool is_store_error(const Error& error) {
  return error.kind == ErrorKind::kInternal && error.code.starts_with("store_");
}

Error hide_secrets(Error error, const GatewayConfig& config, const Handles& handles) {
  for (std::string* text : {&error.message, &error.provider_code, &error.field, &error.request_id, &error.reason}) {
    const json::Value shown = handles.shown(*text, false);
    *text = cut_utf8(config.redact(*shown.string()), kMaxErrorMessageLength);
  }
  return error;
}

json::Value redacted(const GatewayConfig& config, json::Value value) {
  redact_members(config, value);
  return value;
}

json::Value bounded_raw(json::Value output) {
  json::Object* members = output.object();
  const json::Value* raw = members ? members->find("raw") : nullptr;
  if (raw && most_bytes(*raw) > kMaxRawBytes && json::write(*raw).size() > kMaxRawBytes)
    members->set("raw", json::Object{{"left_out", "the provider's reply is larger than " +
                                                      std::to_string(kMaxRawBytes) + " bytes"}});
  return output;
}

}  // namespace till
