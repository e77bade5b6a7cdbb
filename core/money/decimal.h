// Decimal: an exact signed decimal number of bounded size.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till {

__extension__ using Int128 = __int128;

// How to round, named at each place that rounds. There is no default.
enum class Rounding { kDown, kUp, kHalfUp, kHalfEven, kFloor, kCeiling };

// units x 10^-scale with |units| < 10^38 and 0 <= scale <= 18. Numerically equal values compare equal (1.50 == 1.5);
// text keeps the scale. Every operation that would leave the range is an error (code "decimal_overflow").
class Decimal {
 public:
  static constexpr int kMaxScale = 18;
  static constexpr int kMaxDigits = 38;

  Decimal() = default;  // zero
  // "[-]digits[.digits]", no exponent, no sign "+", no spaces, no leading zeros but "0"; trailing zeros beyond scale 18
  // are refused like any other digit. Errors: kInvalidRequest with code "invalid_decimal".
  static Result<Decimal> parse(std::string_view text);
  // As parse(), and also a JSON number with an exponent ("1.5e2"), if the value is exact within the range.
  static Result<Decimal> parse_json_number(std::string_view text);
  static Result<Decimal> from_units(Int128 units, int scale);
  static Decimal from_integer(std::int64_t value);
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

  Result<Decimal> plus(const Decimal& other) const;
  Result<Decimal> minus(const Decimal& other) const;
  Result<Decimal> times(const Decimal& other) const;
  // Rounds to `scale` digits after the point.
  Result<Decimal> rounded(int scale, Rounding rounding) const;
  // The same number with exactly `scale` digits; an error (code "inexact") if a non-zero digit would be lost.
  Result<Decimal> rescaled(int scale) const;
  Result<Decimal> divided_by(const Decimal& other, int scale, Rounding rounding) const;

  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal& other) const { return (*this <=> other) == 0; }

 private:
  Decimal(Int128 units, int scale) : units_(units), scale_(scale) {}
  Int128 units_ = 0;
  int scale_ = 0;
};

}  // namespace till
