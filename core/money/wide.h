// Wide: unsigned 256-bit whole numbers, as far as exact decimals need them.
#pragma once

#include <cstdint>

namespace till {

__extension__ using UInt128 = unsigned __int128;

// high x 2^128 + low.
struct Wide {
  UInt128 high = 0;
  UInt128 low = 0;

  static Wide product(UInt128 left, UInt128 right);
  bool operator==(const Wide&) const = default;
  bool less_than(const Wide& other) const { return high != other.high ? high < other.high : low < other.low; }
  // Wrap around 2^256; callers stay below 10^76.
  Wide plus(const Wide& other) const;
  Wide minus(const Wide& other) const;
};

struct WideQuotient {
  Wide quotient;
  UInt128 remainder = 0;
};

// `divisor` is not zero and below 2^127.
WideQuotient divide(Wide dividend, UInt128 divisor);

}  // namespace till
