// The oracle of the property tests: decimals as whole numbers of any size (Boost.Multiprecision), written
// independently.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <random>
#include <string>

#include "core/money/decimal.h"

namespace till {

using BigInt = boost::multiprecision::cpp_int;

inline BigInt big_power(int exponent) {
  return boost::multiprecision::pow(BigInt(10), static_cast<unsigned>(exponent));
}

// A decimal as a count of 10^-36, in which every value and every product of two values is whole.
inline constexpr int kOracleScale = 36;

inline BigInt big_units(const Decimal& value) {
  const bool negative = value.is_negative();
  __extension__ using Unsigned = unsigned __int128;
  const auto size =
      negative ? Unsigned{0} - static_cast<Unsigned>(value.units()) : static_cast<Unsigned>(value.units());
  BigInt units = static_cast<std::uint64_t>(size >> 64);
  units = (units << 64) + static_cast<std::uint64_t>(size);
  return negative ? BigInt(-units) : units;
}

inline BigInt big_value(const Decimal& value) { return big_units(value) * big_power(kOracleScale - value.scale()); }

// True when some scale from 0 to 18 holds the value (a count of 10^-36) in less than 10^38 units.
inline bool fits_a_decimal(const BigInt& value) {
  for (int scale = 0; scale <= Decimal::kMaxScale; ++scale) {
    const BigInt step = big_power(kOracleScale - scale);
    if (value % step == 0 && abs(value / step) < big_power(Decimal::kMaxDigits)) return true;
  }
  return false;
}

// Rounds dividend / divisor by the definition of each mode.
inline BigInt big_rounded(const BigInt& dividend, const BigInt& divisor, Rounding rounding) {
  BigInt floor = dividend / divisor;
  if (floor * divisor != dividend && (dividend < 0) != (divisor < 0)) --floor;
  const BigInt rest = abs(dividend - floor * divisor);  // of |divisor|
  if (rest == 0) return floor;
  const BigInt ceiling = floor + 1;
  const bool positive = (dividend < 0) == (divisor < 0);
  const BigInt twice = rest * 2;
  const BigInt size = abs(divisor);
  switch (rounding) {
    case Rounding::kFloor:
      return floor;
    case Rounding::kCeiling:
      return ceiling;
    case Rounding::kDown:
      return positive ? floor : ceiling;
    case Rounding::kUp:
      return positive ? ceiling : floor;
    case Rounding::kHalfUp:
      if (twice == size) return positive ? ceiling : floor;
      return twice > size ? ceiling : floor;
    case Rounding::kHalfEven:
      if (twice == size) return floor % 2 == 0 ? floor : ceiling;
      return twice > size ? ceiling : floor;
  }
  return floor;
}

inline constexpr Rounding kAllRoundings[] = {Rounding::kDown,     Rounding::kUp,    Rounding::kHalfUp,
                                             Rounding::kHalfEven, Rounding::kFloor, Rounding::kCeiling};

// Decimal text of any number of digits and any scale, with many zeros and nines, so that edges are met often.
inline std::string random_decimal_text(std::mt19937_64& random) {
  const int scale = static_cast<int>(random() % (Decimal::kMaxScale + 1));
  const int digits = 1 + static_cast<int>(random() % Decimal::kMaxDigits);
  const unsigned kind = static_cast<unsigned>(random() % 4);
  std::string text;
  for (int i = 0; i < digits; ++i) {
    const char any = static_cast<char>('0' + random() % 10);
    text.push_back(kind == 0   ? any
                   : kind == 1 ? (random() % 8 ? '0' : any)
                   : kind == 2 ? (random() % 8 ? '9' : any)
                               : (random() % 6 ? any : '5'));
  }
  if (scale > 0) {
    if (digits <= scale) text.insert(0, static_cast<std::size_t>(scale - digits + 1), '0');
    text.insert(text.size() - static_cast<std::size_t>(scale), 1, '.');
  }
  while (text.size() > 1 && text[0] == '0' && text[1] != '.') text.erase(0, 1);
  return random() % 2 ? "-" + text : text;
}

}  // namespace till
