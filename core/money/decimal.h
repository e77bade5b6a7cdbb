// Decimal: an exact signed decimal number of bounded size.
#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till {

__extension__ using Int128 = __int128;

// How to round, named at each place that rounds. There is no default.
enum class Rounding {
  kDown,      // towards zero
  kUp,        // away from zero
  kHalfUp,    // to the nearest, a half away from zero
  kHalfEven,  // to the nearest, a half to the even neighbour
  kFloor,     // towards minus infinity
  kCeiling,   // towards plus infinity
};

// units x 10^-scale with |units| < 10^38 and 0 <= scale <= 18. Numerically equal values compare equal (1.50 == 1.5);
// text keeps the scale. Every operation that would leave the range is an error (kInvalidRequest, code
// "decimal_overflow"). A value: any thread.
class Decimal {
 public:
  static constexpr int kMaxScale = 18;
  static constexpr int kMaxDigits = 38;

  Decimal() = default;  // zero
  // "[-]digits[.digits]", no exponent, no sign "+", no spaces, no leading zeros but "0"; trailing zeros beyond scale 18
  // are refused like any other digit. Errors: kInvalidRequest with code "invalid_decimal".
  static Result<Decimal> parse(std::string_view text);
  // A JSON number: as parse(), and also with an exponent ("1.5e2" is 150) or with more digits after the point, if the
  // value is exact within the range. Errors: "invalid_decimal", and "decimal_overflow" for a number that does not fit.
  static Result<Decimal> parse_json_number(std::string_view text);
  static Result<Decimal> from_units(Int128 units, int scale);
  static Decimal from_integer(std::int64_t value) { return {value, 0}; }
  template <std::floating_point Binary>
  static Decimal from_integer(Binary) = delete;
  template <std::floating_point Binary>
  static Result<Decimal> from_units(Binary, int) = delete;
  Decimal(double) = delete;
  Decimal(float) = delete;

  Int128 units() const { return units_; }
  int scale() const { return scale_; }
  bool is_zero() const { return units_ == 0; }
  bool is_negative() const { return units_ < 0; }

  // "48.25"; the digits after the point are exactly `scale()`.
  std::string text() const;
  // With at least `min_scale` digits after the point and no further trailing zeros.
  std::string text_at_least(int min_scale) const;

  Decimal negated() const { return {-units_, scale_}; }
  // Exact, or an error. The scale is that of the finer operand (times: the sum of both); where that does not fit, zeros
  // at the end are dropped until it does.
  Result<Decimal> plus(const Decimal& other) const;
  Result<Decimal> minus(const Decimal& other) const;
  Result<Decimal> times(const Decimal& other) const;
  // The exact product, rounded once to `scale` digits after the point.
  Result<Decimal> times(const Decimal& other, int scale, Rounding rounding) const;
  // Rounds to `scale` digits after the point; a smaller scale than that is filled up with zeros.
  Result<Decimal> rounded(int scale, Rounding rounding) const;
  // The same number with exactly `scale` digits; an error (code "inexact") if a non-zero digit would be lost.
  Result<Decimal> rescaled(int scale) const;
  // The exact quotient, rounded once. Dividing by zero is an error (code "division_by_zero").
  Result<Decimal> divided_by(const Decimal& other, int scale, Rounding rounding) const;

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

 private:
  Decimal(Int128 units, int scale) : units_(units), scale_(scale) {}
  Int128 units_ = 0;
  int scale_ = 0;
};

}  // namespace till
