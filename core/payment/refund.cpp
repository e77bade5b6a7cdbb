// What may go back of a payment: see refund.h.
#include "core/payment/refund.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "core/payment/transition.h"

namespace till {
namespace {

// A payment that is paid came whole, also where the provider last told an amount while a part was missing.
std::optional<Money> came(const Payment& payment) {
  const bool whole = payment.status == PaymentStatus::kPaid && !payment.accepted;
  return whole && is_less(payment.amount_paid, payment.amount) ? payment.amount : payment.amount_paid;
}

bool is_void(const json::Value& refund) {
  const auto status = refund.find_string("status");
  return status == "failed" || status == "cancelled";
}

std::string shown(const Money& money) { return money.amount_text() + " " + std::string(money.currency().code()); }

bool is_in(const std::optional<Money>& money, const Currency& currency) {
  return money && money->currency() == currency;
}

// Nothing is said against a currency while that of the payment is not known.
bool is_of(const Payment& payment, const Currency& currency) {
  const bool known = payment.amount || payment.amount_paid;
  return !known || is_in(payment.amount, currency) || is_in(payment.amount_paid, currency);
}

std::string currency_of(const Payment& payment) {
  const auto& money = payment.amount ? payment.amount : payment.amount_paid;
  return std::string(money->currency().code());
}

}  // namespace

std::optional<Money> amount_of(const json::Value& refund) {
  const json::Value* amount = refund.find("amount");
  if (!amount || amount->is_null()) return std::nullopt;
  auto money = money_from_json(*amount, "$.amount");
  return money.ok() ? std::optional(*std::move(money)) : std::nullopt;
}

std::optional<Money> refundable(const Payment& payment) {
  std::optional<Money> left = came(payment);
  for (const json::Value& refund : payment.refunds) {
    if (is_void(refund)) continue;
    const auto amount = amount_of(refund);
    if (!left || !amount) return std::nullopt;
    auto rest = left->minus(*amount);
    if (!rest.ok()) return std::nullopt;
    left = *std::move(rest);
  }
  return left;
}

bool claim_refund(Payment& payment, const json::Value& refund) {
  const std::string id(refund.find_string("id").value_or(""));
  if (std::find(payment.made_refunds.begin(), payment.made_refunds.end(), id) != payment.made_refunds.end())
    return false;
  payment.made_refunds.push_back(id);
  return true;
}

Status check_refund_asked(const Payment& payment, const Money& asked, bool other_currencies) {
  if (other_currencies) return {};
  if (!is_of(payment, asked.currency()))
    return invalid_request("$.amount.currency", "the payment is in " + currency_of(payment) +
                                                    ", and so is what goes back of it, not in " +
                                                    std::string(asked.currency().code()));
  const auto left = refundable(payment);
  if (!is_less(left, asked)) return {};
  const std::string most = left->is_negative() || left->is_zero() ? "nothing more" : "no more than " + shown(*left);
  return invalid_request("$.amount.amount", "as far as the store knows, " + most +
                                                " can go back of this payment; payments.get and refunds.list tell "
                                                "what the provider knows");
}

Status check_refund_told(const Payment& payment, const std::optional<Money>& asked, const Money& told,
                         bool other_currencies) {
  const bool same_currency = asked ? asked->currency() == told.currency() : is_of(payment, told.currency());
  if (!same_currency) {
    if (other_currencies) return {};
    return mismatch("currency_mismatch", "the provider's refund is in " + std::string(told.currency().code()) +
                                             ", not in " +
                                             (asked ? std::string(asked->currency().code()) : currency_of(payment)));
  }
  if (!asked || told == *asked) return {};
  return mismatch("amount_mismatch",
                  "the provider's refund is over " + told.amount_text() + ", not over " + asked->amount_text());
}

}  // namespace till
