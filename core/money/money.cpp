// Money: currency rules on top of exact decimals.
#include "core/money/money.h"

#include <limits>

namespace till {
namespace {

Error too_many_decimals(const Currency& currency) {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "too_many_decimals",
          .message = std::string(currency.code()) + " has " + std::to_string(currency.exponent()) +
                     " decimals; the amount has more",
          .field = "amount"};
}

Error currency_mismatch(const Currency& left, const Currency& right) {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "currency_mismatch",
          .message = std::string(left.code()) + " and " + std::string(right.code()) + " do not mix",
          .field = "currency"};
}

Error in_amount(Error error) {
  error.field = "amount";
  return error;
}

}  // namespace

Result<Money> Money::parse(std::string_view amount, std::string_view currency_code) {
  TILL_ASSIGN(const Currency currency, Currency::find(currency_code));
  auto decimal = Decimal::parse(amount);
  if (!decimal.ok()) return in_amount(std::move(decimal).error());
  if (decimal->scale() > currency.exponent()) return too_many_decimals(currency);
  return of(*decimal, currency);
}

Result<Money> Money::of(Decimal amount, Currency currency) {
  auto rescaled = amount.rescaled(currency.exponent());
  if (rescaled.ok()) return Money(*rescaled, currency);
  if (rescaled.error().code == "inexact") return too_many_decimals(currency);
  return in_amount(std::move(rescaled).error());
}

Result<Money> Money::from_minor(std::int64_t minor, std::string_view currency_code) {
  TILL_ASSIGN(const Currency currency, Currency::find(currency_code));
  TILL_ASSIGN(const Decimal amount, Decimal::from_units(minor, currency.exponent()));
  return Money(amount, currency);
}

std::string Money::amount_text() const { return amount_.text(); }

Result<std::int64_t> Money::minor() const {
  const Int128 units = amount_.units();
  if (units < std::numeric_limits<std::int64_t>::min() || units > std::numeric_limits<std::int64_t>::max())
    return Error{.kind = ErrorKind::kInvalidRequest,
                 .code = "decimal_overflow",
                 .message = "the amount in the smallest unit of " + std::string(currency_.code()) +
                            " does not fit a 64-bit integer; use its decimal text",
                 .field = "amount"};
  return static_cast<std::int64_t>(units);
}

Result<Money> Money::plus(const Money& other) const {
  if (!(currency_ == other.currency_)) return currency_mismatch(currency_, other.currency_);
  TILL_ASSIGN(const Decimal sum, amount_.plus(other.amount_));
  return of(sum, currency_);
}

Result<Money> Money::minus(const Money& other) const {
  if (!(currency_ == other.currency_)) return currency_mismatch(currency_, other.currency_);
  TILL_ASSIGN(const Decimal difference, amount_.minus(other.amount_));
  return of(difference, currency_);
}

Result<std::strong_ordering> Money::compare(const Money& other) const {
  if (!(currency_ == other.currency_)) return currency_mismatch(currency_, other.currency_);
  return amount_ <=> other.amount_;
}

bool Money::operator==(const Money& other) const { return currency_ == other.currency_ && amount_ == other.amount_; }

}  // namespace till
