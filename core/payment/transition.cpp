// How a payment may change: reading observations, the table of allowed changes, and the checks before any of them.
#include "core/payment/transition.h"

#include <array>
#include <initializer_list>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"

namespace till {
namespace {

using json::Value;

Error output_error(std::string_view member, std::string message) {
  Error error = plugin_error("script_output", std::move(message));
  error.field = "$." + std::string(member);
  return error;
}

const Value* member_of(const Value& output, std::string_view key) {
  const Value* value = output.find(key);
  return value && !value->is_null() ? value : nullptr;
}

Status read_text(const Value& output, std::string_view key, std::string& into) {
  const Value* value = member_of(output, key);
  if (!value) return {};
  if (!value->string()) return output_error(key, "expected text, got " + std::string(value->type_name()));
  if (value->string()->size() > kMaxObservedTextLength) return output_error(key, "the text is too long");
  into = *value->string();
  return {};
}

Status read_money(const Value& output, std::string_view key, std::optional<Money>& into) {
  const Value* value = member_of(output, key);
  if (!value) return {};
  auto money = money_from_json(*value, "$." + std::string(key));
  if (!money.ok()) return output_error(key, money.error().message);
  into = std::move(money).value();
  return {};
}

Status read_time(const Value& output, std::string_view key, std::optional<UnixMillis>& into) {
  const Value* value = member_of(output, key);
  if (!value) return {};
  const auto at_ms = value->as_integer();
  if (!at_ms) return output_error(key, "expected milliseconds since 1970 as an integer");
  into = *at_ms;
  return {};
}

Status read_object(const Value& output, std::string_view key, Value& into) {
  const Value* value = member_of(output, key);
  if (!value) return {};
  if (!value->object()) return output_error(key, "expected a table with names, got " + std::string(value->type_name()));
  if (json::write(*value).size() > kMaxStateBytes)
    return output_error(key, "holds more than " + std::to_string(kMaxStateBytes) + " bytes as JSON");
  into = *value;
  return {};
}

Status read_status(const Value& output, std::optional<PaymentStatus>& into) {
  const Value* value = member_of(output, "status");
  if (!value) return {};
  const auto status = value->string() ? payment_status_from_name(*value->string()) : std::nullopt;
  if (!status) return output_error("status", "not one of our payment statuses");
  into = status;
  return {};
}

constexpr unsigned bit(PaymentStatus status) { return 1u << static_cast<unsigned>(status); }

constexpr unsigned bits(std::initializer_list<PaymentStatus> statuses) {
  unsigned all = 0;
  for (PaymentStatus status : statuses) all |= bit(status);
  return all;
}

// Where a payment may go from each status, in the order of the enumeration. Money that arrives late still counts, so
// expired, cancelled and failed can be left for the statuses that mean "money came"; paid is never left. Money that was
// seen may turn out to be too little, or be given back.
constexpr std::array<unsigned, 8> kAllowed = [] {
  using enum PaymentStatus;
  return std::array<unsigned, 8>{
      /* pending         */ bits({kRequiresAction, kUnderpaid, kProcessing, kPaid, kExpired, kCancelled, kFailed}),
      /* requires_action */ bits({kUnderpaid, kProcessing, kPaid, kExpired, kCancelled, kFailed}),
      /* underpaid       */ bits({kProcessing, kPaid, kExpired, kCancelled, kFailed}),
      /* processing      */ bits({kUnderpaid, kPaid, kExpired, kCancelled, kFailed}),
      /* paid            */ 0u,
      /* expired         */ bits({kUnderpaid, kProcessing, kPaid}),
      /* cancelled       */ bits({kUnderpaid, kProcessing, kPaid}),
      /* failed          */ bits({kPaid}),
  };
}();

Status check_same_payment(const Payment& payment, const Observation& seen) {
  if (!payment.provider_id.empty() && !seen.provider_id.empty() && payment.provider_id != seen.provider_id)
    return mismatch("id_mismatch", "the provider answered about another payment than the one that was asked for");
  if (seen.amount && payment.amount) {
    if (!(seen.amount->currency() == payment.amount->currency()))
      return mismatch("currency_mismatch", "the provider's payment is in " +
                                               std::string(seen.amount->currency().code()) + ", not in " +
                                               std::string(payment.amount->currency().code()));
    if (!(*seen.amount == *payment.amount))
      return mismatch("amount_mismatch", "the provider's payment is over " + seen.amount->amount_text() +
                                             ", not over " + payment.amount->amount_text());
  }
  if (!seen.reference.empty() && !payment.reference.empty() && seen.reference != payment.reference)
    return mismatch("reference_mismatch", "the provider's payment carries another reference than this payment");
  if (!seen.account.empty() && !payment.account.empty() && seen.account != payment.account)
    return mismatch("account_mismatch", "the provider's payment is of another merchant account than this payment");
  if (seen.test && *seen.test != payment.test)
    return mismatch("mode_mismatch",
                    *seen.test
                        ? "the provider answered in test mode, but this gateway is live: open it with mode `test`"
                        : "the provider answered in live mode, but this gateway is in test mode: check its keys");
  return {};
}

Status check_paid_enough(const Payment& payment, const Observation& seen) {
  if (seen.status == PaymentStatus::kPaid && !seen.amount && !seen.amount_paid)
    return mismatch("amount_missing", "the provider calls the payment paid without saying how much was paid");
  if (seen.status != PaymentStatus::kPaid || !seen.amount_paid || !payment.amount) return {};
  const auto order = seen.amount_paid->compare(*payment.amount);
  if (!order.ok())
    return mismatch("currency_mismatch", "the provider reports money in another currency than was asked for");
  if (*order < 0 && !payment.accepted)
    return mismatch("amount_mismatch", "the provider calls the payment paid, but less money came than was asked for");
  return {};
}

void replace(std::string& into, const std::string& seen) {
  if (!seen.empty()) into = seen;
}

void replace(Value& into, const Value& seen) {
  if (!seen.is_null()) into = seen;
}

template <class T>
void replace(std::optional<T>& into, const std::optional<T>& seen) {
  if (seen) into = seen;
}

// Whether more is known of the money than before.
bool money_moved(const Payment& before, const Payment& after) {
  return before.amount_paid != after.amount_paid || before.amount_refunded != after.amount_refunded;
}

// amount_paid and amount_due where the provider left them out but they follow from the status. How much was paid does
// not follow where the shop took another amount than was asked for.
void derive_amounts(Payment& payment) {
  if (!payment.amount) return;
  const bool paid = payment.status == PaymentStatus::kPaid;
  if (paid && !payment.accepted && !payment.amount_paid) payment.amount_paid = payment.amount;
  if (paid && payment.accepted) {
    const auto nothing = Money::of(Decimal(), payment.amount->currency());
    if (nothing.ok()) payment.amount_due = *nothing;
    return;
  }
  if (!payment.amount_paid) return;
  auto due = payment.amount->minus(*payment.amount_paid);
  if (!due.ok()) return;
  if (due->is_negative()) due = Money::of(Decimal(), payment.amount->currency());
  if (due.ok()) payment.amount_due = *due;
}

// Whether the payer may still pay.
bool is_payable(PaymentStatus status) {
  return status == PaymentStatus::kPending || status == PaymentStatus::kRequiresAction ||
         status == PaymentStatus::kUnderpaid;
}

}  // namespace

Result<Observation> read_observation(const Value& output) {
  if (!output.object()) return output_error("", "expected a table with names, got " + std::string(output.type_name()));
  Observation seen;
  TILL_TRY(read_text(output, "id", seen.provider_id));
  TILL_TRY(read_status(output, seen.status));
  TILL_TRY(read_money(output, "amount", seen.amount));
  TILL_TRY(read_money(output, "amount_paid", seen.amount_paid));
  TILL_TRY(read_money(output, "amount_due", seen.amount_due));
  TILL_TRY(read_money(output, "amount_refunded", seen.amount_refunded));
  TILL_TRY(read_text(output, "reference", seen.reference));
  TILL_TRY(read_text(output, "account", seen.account));
  TILL_TRY(read_text(output, "checkout_url", seen.checkout_url));
  TILL_TRY(read_text(output, "qr_url", seen.qr_url));
  TILL_TRY(read_object(output, "pay_to", seen.pay_to));
  TILL_TRY(read_object(output, "next_action", seen.next_action));
  TILL_TRY(read_object(output, "decline", seen.decline));
  TILL_TRY(read_time(output, "created_at", seen.created_at));
  TILL_TRY(read_time(output, "expires_at", seen.expires_at));
  TILL_TRY(read_object(output, "state", seen.state));
  if (const Value* test = member_of(output, "test")) {
    if (!test->boolean()) return output_error("test", "expected true or false");
    seen.test = *test->boolean();
  }
  if (const Value* raw = output.find("raw")) seen.raw = *raw;
  return seen;
}

bool may_change(PaymentStatus from, PaymentStatus to) {
  return from == to || (kAllowed[static_cast<std::size_t>(from)] & bit(to)) != 0;
}

Result<Change> apply(const Payment& payment, const Observation& seen, UnixMillis now_ms) {
  TILL_TRY(check_same_payment(payment, seen));
  TILL_TRY(check_paid_enough(payment, seen));
  Change change{.payment = payment};
  Payment& next = change.payment;
  const PaymentStatus status = seen.status.value_or(payment.status);
  replace(next.provider_id, seen.provider_id);
  if (!next.amount) next.amount = seen.amount;
  if (next.reference.empty()) next.reference = seen.reference;
  if (next.account.empty()) next.account = seen.account;
  if (!may_change(payment.status, status)) return change;

  next.status = status;
  next.outcome = Outcome::kKnown;
  replace(next.amount_paid, seen.amount_paid);
  replace(next.amount_due, seen.amount_due);
  replace(next.amount_refunded, seen.amount_refunded);
  if (!seen.amount_due) derive_amounts(next);
  replace(next.checkout_url, seen.checkout_url);
  replace(next.qr_url, seen.qr_url);
  if (seen.pay_to.is_null() && !is_payable(status)) next.pay_to = nullptr;  // nobody should send coins there any more
  replace(next.pay_to, seen.pay_to);
  next.next_action = seen.next_action;
  replace(next.decline, seen.decline);
  replace(next.expires_at, seen.expires_at);
  replace(next.state, seen.state);
  replace(next.raw, seen.raw);
  if (!next.created_at) next.created_at = seen.created_at.value_or(now_ms);
  next.updated_at = now_ms;
  change.status_changed = next.status != payment.status;
  change.became_known = payment.outcome == Outcome::kUnknown;
  if (change.status_changed || change.became_known || money_moved(payment, next)) next.looks = 0;
  return change;
}

Error mismatch(std::string code, std::string message) {
  return {.kind = ErrorKind::kProvider, .code = std::move(code), .message = std::move(message)};
}

bool is_less(const std::optional<Money>& one, const std::optional<Money>& other) {
  if (!one || !other) return false;
  const auto order = one->compare(*other);
  return order.ok() && *order < 0;
}

bool is_mismatch_code(std::string_view code) { return code == "amount_missing" || code.ends_with("_mismatch"); }

bool goes_back(const Payment& payment, const Observation& seen) {
  return may_change(payment.status, seen.status.value_or(payment.status)) && !goes_on(payment, seen);
}

bool goes_on(const Payment& payment, const Observation& seen) {
  if (is_less(seen.amount_paid, payment.amount_paid) || is_less(seen.amount_refunded, payment.amount_refunded))
    return false;
  const PaymentStatus from = payment.status, to = seen.status.value_or(from);
  if (from == to) return true;
  if (!may_change(from, to)) return false;
  const bool waits = from == PaymentStatus::kPending || from == PaymentStatus::kRequiresAction;
  const bool has_money = from == PaymentStatus::kUnderpaid || from == PaymentStatus::kProcessing;
  return waits || (has_money && to > from && to <= PaymentStatus::kPaid);
}

}  // namespace till
