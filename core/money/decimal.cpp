// Exact decimal arithmetic: fast where 128 bits suffice, through 256 bits where they do not.
#include "core/money/decimal.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/base/ascii.h"
#include "core/money/wide.h"

namespace till {
namespace {

constexpr std::array<UInt128, Decimal::kMaxDigits + 1> powers_of_ten() {
  std::array<UInt128, Decimal::kMaxDigits + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}

constexpr auto kPowersOfTen = powers_of_ten();
constexpr UInt128 kUnitsEnd = kPowersOfTen[Decimal::kMaxDigits];
// Exponents of JSON numbers beyond this are out of range for any mantissa that the JSON room lets through.
constexpr int kMaxJsonExponent = 1000;

UInt128 power_of_ten(int exponent) { return kPowersOfTen[static_cast<std::size_t>(exponent)]; }

UInt128 magnitude(Int128 value) {
  return value < 0 ? UInt128{0} - static_cast<UInt128>(value) : static_cast<UInt128>(value);
}

Int128 with_sign(UInt128 value, bool negative) {
  return negative ? -static_cast<Int128>(value) : static_cast<Int128>(value);
}

Error overflow() {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "decimal_overflow",
          .message = "the number does not fit 38 digits with at most 18 of them after the point"};
}

Error invalid_decimal() {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "invalid_decimal",
          .message = "not a decimal number such as 48.25 (at most 38 digits, 18 of them after the point)"};
}

Error inexact() {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "inexact",
          .message = "a digit after the point would be lost; round by name first"};
}

// The number value x 10^-scale as a Decimal, dropping zeros at the end as far as its range asks for.
Result<Decimal> fit(Wide value, int scale, bool negative) {
  while (scale > Decimal::kMaxScale || (scale > 0 && !value.less_than({.high = 0, .low = kUnitsEnd}))) {
    const WideQuotient shorter = divide(value, 10);
    if (shorter.remainder != 0) return overflow();
    value = shorter.quotient;
    --scale;
  }
  if (value.high != 0 || value.low >= kUnitsEnd) return overflow();
  return Decimal::from_units(with_sign(value.low, negative), scale);
}

// Whether a quotient cut off at its last digit has to go one up in size. `remainder` is what was cut off of `divisor`.
bool rounds_away(Rounding rounding, bool negative, bool odd, UInt128 remainder, UInt128 divisor) {
  if (remainder == 0) return false;
  const UInt128 rest = divisor - remainder;
  switch (rounding) {
    case Rounding::kDown:
      return false;
    case Rounding::kUp:
      return true;
    case Rounding::kHalfUp:
      return remainder >= rest;
    case Rounding::kHalfEven:
      return remainder > rest || (remainder == rest && odd);
    case Rounding::kFloor:
      return negative;
    case Rounding::kCeiling:
      return !negative;
  }
  return false;
}

Result<Decimal> rounded_quotient(Wide dividend, UInt128 divisor, bool negative, int scale, Rounding rounding) {
  WideQuotient cut = divide(dividend, divisor);
  if (rounds_away(rounding, negative, (cut.quotient.low & 1) != 0, cut.remainder, divisor))
    cut.quotient = cut.quotient.plus({.high = 0, .low = 1});
  if (cut.quotient.high != 0 || cut.quotient.low >= kUnitsEnd) return overflow();
  return Decimal::from_units(with_sign(cut.quotient.low, negative), scale);
}

bool is_scale(int scale) { return scale >= 0 && scale <= Decimal::kMaxScale; }

// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

// The parts of "[-]whole[.fraction]rest".
struct NumberText {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::string_view rest;
};

Result<NumberText> split_number(std::string_view text) {
  NumberText parts;
  parts.negative = text.starts_with('-');
  if (parts.negative) text.remove_prefix(1);
  parts.whole = take_digits(text);
  if (parts.whole.empty() || (parts.whole.size() > 1 && parts.whole.front() == '0')) return invalid_decimal();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = take_digits(text);
    if (parts.fraction.empty()) return invalid_decimal();
  }
  parts.rest = text;
  return parts;
}

// False when the number gets too large.
bool append_digits(UInt128& units, std::string_view digits) {
  for (const char c : digits) {
    // Below 10^38 before the step, so below 2^130 after it: the product can overflow.
    if (__builtin_mul_overflow(units, UInt128{10}, &units)) return false;
    if (__builtin_add_overflow(units, static_cast<UInt128>(c - '0'), &units)) return false;
    if (units >= kUnitsEnd) return false;
  }
  return true;
}

// "e+5", "E-12"; beyond kMaxJsonExponent it stays there.
Result<int> parse_exponent(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() != 'e' && text.front() != 'E') return invalid_decimal();
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::string_view digits = take_digits(text);
  if (digits.empty() || !text.empty()) return invalid_decimal();
  int exponent = 0;
  for (const char c : digits) exponent = std::min(exponent * 10 + (c - '0'), kMaxJsonExponent);
  return negative ? -exponent : exponent;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  TILL_ASSIGN(const NumberText parts, split_number(text));
  if (!parts.rest.empty() || parts.fraction.size() > kMaxScale) return invalid_decimal();
  UInt128 units = 0;
  if (!append_digits(units, parts.whole) || !append_digits(units, parts.fraction)) return overflow();
  return Decimal(with_sign(units, parts.negative), static_cast<int>(parts.fraction.size()));
}

Result<Decimal> Decimal::parse_json_number(std::string_view text) {
  TILL_ASSIGN(const NumberText parts, split_number(text));
  TILL_ASSIGN(const int exponent, parse_exponent(parts.rest));
  std::string digits(parts.whole);
  digits += parts.fraction;
  digits.erase(0, digits.find_first_not_of('0'));
  // The digits count from 10^-scale; 64 bits because the text may be long.
  std::int64_t scale = static_cast<std::int64_t>(parts.fraction.size()) - exponent;
  if (digits.empty()) return Decimal(0, static_cast<int>(std::clamp<std::int64_t>(scale, 0, kMaxScale)));

  const auto is_too_long = [&] { return digits.size() > kMaxDigits && scale > 0; };
  while ((scale > kMaxScale || is_too_long()) && digits.ends_with('0')) {
    digits.pop_back();
    --scale;
  }
  if (scale > kMaxScale || digits.size() > kMaxDigits || scale < -kMaxDigits) return overflow();
  if (scale < 0) {
    digits.append(static_cast<std::size_t>(-scale), '0');
    scale = 0;
  }
  UInt128 units = 0;
  if (!append_digits(units, digits)) return overflow();
  return Decimal(with_sign(units, parts.negative), static_cast<int>(scale));
}

Result<Decimal> Decimal::from_units(Int128 units, int scale) {
  if (!is_scale(scale) || magnitude(units) >= kUnitsEnd) return overflow();
  return Decimal(units, scale);
}

std::string Decimal::text() const {
  std::string digits;
  for (UInt128 rest = magnitude(units_); rest != 0; rest /= 10)
    digits.push_back(static_cast<char>('0' + static_cast<int>(rest % 10)));
  const auto after_point = static_cast<std::size_t>(scale_);
  if (digits.size() <= after_point) digits.append(after_point + 1 - digits.size(), '0');
  if (after_point > 0) digits.insert(after_point, 1, '.');
  if (is_negative()) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string Decimal::text_at_least(int min_scale) const {
  std::string digits = text();
  if (scale_ == 0 && min_scale > 0) digits.push_back('.');
  if (scale_ < min_scale) digits.append(static_cast<std::size_t>(min_scale - scale_), '0');
  for (int scale = scale_; scale > std::max(min_scale, 0) && digits.back() == '0'; --scale) digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

Result<Decimal> Decimal::plus(const Decimal& other) const {
  Int128 sum = 0;
  if (scale_ == other.scale_ && !__builtin_add_overflow(units_, other.units_, &sum) && magnitude(sum) < kUnitsEnd)
    return Decimal(sum, scale_);
  const int scale = std::max(scale_, other.scale_);
  const Wide left = Wide::product(magnitude(units_), power_of_ten(scale - scale_));
  const Wide right = Wide::product(magnitude(other.units_), power_of_ten(scale - other.scale_));
  if (is_negative() == other.is_negative()) return fit(left.plus(right), scale, is_negative());
  if (left.less_than(right)) return fit(right.minus(left), scale, other.is_negative());
  return fit(left.minus(right), scale, is_negative());
}

Result<Decimal> Decimal::minus(const Decimal& other) const { return plus(other.negated()); }

Result<Decimal> Decimal::times(const Decimal& other) const {
  const bool negative = is_negative() != other.is_negative();
  return fit(Wide::product(magnitude(units_), magnitude(other.units_)), scale_ + other.scale_, negative);
}

Result<Decimal> Decimal::times(const Decimal& other, int scale, Rounding rounding) const {
  if (!is_scale(scale)) return overflow();
  const bool negative = is_negative() != other.is_negative();
  const Wide product = Wide::product(magnitude(units_), magnitude(other.units_));
  const int extra = scale_ + other.scale_ - scale;
  if (extra > 0) return rounded_quotient(product, power_of_ten(extra), negative, scale, rounding);
  if (product.high != 0 || product.low >= kUnitsEnd) return overflow();
  TILL_ASSIGN(const Decimal exact, from_units(with_sign(product.low, negative), scale_ + other.scale_));
  return exact.rescaled(scale);
}

Result<Decimal> Decimal::rounded(int scale, Rounding rounding) const {
  if (!is_scale(scale)) return overflow();
  if (scale >= scale_) return rescaled(scale);
  return rounded_quotient({.high = 0, .low = magnitude(units_)}, power_of_ten(scale_ - scale), is_negative(), scale,
                          rounding);
}

Result<Decimal> Decimal::rescaled(int scale) const {
  if (!is_scale(scale)) return overflow();
  if (scale < scale_) {
    const auto divisor = static_cast<Int128>(power_of_ten(scale_ - scale));
    if (units_ % divisor != 0) return inexact();
    return Decimal(units_ / divisor, scale);
  }
  Int128 units = 0;
  if (__builtin_mul_overflow(units_, static_cast<Int128>(power_of_ten(scale - scale_)), &units)) return overflow();
  return from_units(units, scale);
}

Result<Decimal> Decimal::divided_by(const Decimal& other, int scale, Rounding rounding) const {
  if (!is_scale(scale)) return overflow();
  if (other.is_zero())
    return Error{.kind = ErrorKind::kInvalidRequest, .code = "division_by_zero", .message = "division by zero"};
  // this / other x 10^scale = units x 10^(scale + other.scale - scale_) / other.units; the power lies in -18..36.
  const bool negative = is_negative() != other.is_negative();
  const int shift = scale + other.scale_ - scale_;
  if (shift >= 0)
    return rounded_quotient(Wide::product(magnitude(units_), power_of_ten(shift)), magnitude(other.units_), negative,
                            scale, rounding);
  const Wide divisor = Wide::product(magnitude(other.units_), power_of_ten(-shift));
  if (divisor.high == 0 && divisor.low < kUnitsEnd)
    return rounded_quotient({.high = 0, .low = magnitude(units_)}, divisor.low, negative, scale, rounding);
  // The divisor is above every dividend: the quotient lies between zero and one last digit. It is more than a half only
  // when twice the dividend is above the divisor.
  const Wide dividend{.high = 0, .low = magnitude(units_)};
  const Wide twice = dividend.plus(dividend);
  const UInt128 side = is_zero() ? 0 : twice.less_than(divisor) ? 1 : twice == divisor ? 2 : 3;
  const bool away = rounds_away(rounding, negative, false, side, 4);
  return Decimal(away ? with_sign(1, negative) : 0, scale);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  if (scale_ == other.scale_) return units_ <=> other.units_;
  const auto one = static_cast<Int128>(power_of_ten(scale_));
  const auto other_one = static_cast<Int128>(power_of_ten(other.scale_));
  if (const auto whole = units_ / one <=> other.units_ / other_one; whole != 0) return whole;
  // Equal whole parts: compare what is after the point in units of 10^-18, signs included.
  const auto rest = units_ % one * static_cast<Int128>(power_of_ten(kMaxScale - scale_));
  const auto other_rest = other.units_ % other_one * static_cast<Int128>(power_of_ten(kMaxScale - other.scale_));
  return rest <=> other_rest;
}

}  // namespace till
