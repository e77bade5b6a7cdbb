// Schoolbook arithmetic on 256 bits. It serves the rare cases: what fits 128 bits never comes here.
#include "core/money/wide.h"

namespace till {
namespace {

constexpr UInt128 kLow64 = ~std::uint64_t{0};

}  // namespace

Wide Wide::product(UInt128 left, UInt128 right) {
  const UInt128 left_low = left & kLow64, left_high = left >> 64;
  const UInt128 right_low = right & kLow64, right_high = right >> 64;
  const UInt128 low = left_low * right_low;
  const UInt128 cross = left_high * right_low + (low >> 64);
  const UInt128 middle = (cross & kLow64) + left_low * right_high;
  return {.high = left_high * right_high + (cross >> 64) + (middle >> 64), .low = middle << 64 | (low & kLow64)};
}

Wide Wide::plus(const Wide& other) const {
  const UInt128 sum = low + other.low;
  return {.high = high + other.high + (sum < low ? 1 : 0), .low = sum};
}

Wide Wide::minus(const Wide& other) const {
  return {.high = high - other.high - (low < other.low ? 1 : 0), .low = low - other.low};
}

WideQuotient divide(Wide dividend, UInt128 divisor) {
  WideQuotient result;
  result.quotient.high = dividend.high / divisor;
  result.remainder = dividend.high % divisor;
  for (int bit = 127; bit >= 0; --bit) {
    // No overflow: the remainder is below the divisor, which is below 2^127.
    result.remainder = result.remainder << 1 | (dividend.low >> bit & 1);
    if (result.remainder < divisor) continue;
    result.remainder -= divisor;
    result.quotient.low |= UInt128{1} << bit;
  }
  return result;
}

}  // namespace till
