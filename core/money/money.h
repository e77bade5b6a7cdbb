// Money: an exact decimal amount with its currency. Never a binary float, in any language, at any layer.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/money/currency.h"
#include "core/money/decimal.h"

namespace till {

// A value. Two Moneys compare only when their currencies are equal; arithmetic between currencies is an error.
class Money {
 public:
  // `amount` is decimal text such as "48.25", "-0.0007" or "100". More decimals than the currency has are refused
  // (kInvalidRequest, field "amount"), zeros too, never rounded. Nothing else than text or integers makes a Money.
  static Result<Money> parse(std::string_view amount, std::string_view currency_code);
  // By value: zeros beyond the currency's decimals are dropped, any other digit there is refused as above.
  static Result<Money> of(Decimal amount, Currency currency);
  // `minor` counts the currency's smallest unit: 4825 EUR is 48.25 EUR.
  static Result<Money> from_minor(std::int64_t minor, std::string_view currency_code);
  template <std::floating_point Binary>
  static Result<Money> from_minor(Binary, std::string_view) = delete;

  // Its scale is the currency's exponent.
  const Decimal& amount() const { return amount_; }
  const Currency& currency() const { return currency_; }
  // The amount with exactly the currency's decimals: "48.25", "100.00", "0.00701648", "1200" (JPY).
  std::string amount_text() const;
  // Error (kInvalidRequest) when the count does not fit int64.
  Result<std::int64_t> minor() const;

  // Errors (kInvalidRequest): code "currency_mismatch", "decimal_overflow".
  Result<Money> plus(const Money& other) const;
  Result<Money> minus(const Money& other) const;
  bool is_zero() const { return amount_.is_zero(); }
  bool is_negative() const { return amount_.is_negative(); }
  // Error (code "currency_mismatch") when the currencies differ.
  Result<std::strong_ordering> compare(const Money& other) const;
  // Same currency and numerically equal.
  bool operator==(const Money& other) const;

 private:
  Money(Decimal amount, Currency currency) : amount_(amount), currency_(currency) {}
  Decimal amount_;
  Currency currency_;
};

}  // namespace till
