// Ids that sort by the time they were made.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/random.h"

namespace till {

// `prefix` ("pay_") as it is, then 26 characters of Crockford's base32, upper-case: 48 bits of Unix milliseconds, then
// 80 random bits.
//
// Within a process each id sorts after every id made before it, on whatever thread, even when the clock stands still or
// goes back: the first 16 of the random bits then count on. The last 64 bits are always fresh from the kernel, so a
// forked child never repeats its parent. Takes no lock.
std::string new_id(std::string_view prefix, const Clock& clock);

namespace detail {

inline constexpr std::size_t kIdRandomBytes = 10;

// An id with this randomness, which serves no other one.
std::string id_from(std::string_view prefix, const Clock& clock, std::span<const std::uint8_t, kIdRandomBytes> random);

}  // namespace detail

// An id for each prefix, the first one being the oldest, with one call to the kernel.
template <std::size_t kCount>
std::array<std::string, kCount> new_ids(const std::string_view (&prefixes)[kCount], const Clock& clock) {
  constexpr std::size_t kBytes = detail::kIdRandomBytes;
  std::array<std::uint8_t, kCount * kBytes> random;
  fill_random(random);
  std::array<std::string, kCount> ids;
  for (std::size_t i = 0; i < kCount; ++i)
    ids[i] = detail::id_from(prefixes[i], clock, std::span<const std::uint8_t, kBytes>(&random[i * kBytes], kBytes));
  return ids;
}

}  // namespace till
