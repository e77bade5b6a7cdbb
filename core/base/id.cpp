// Ids: time, sequence, randomness.
#include "core/base/id.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <utility>

namespace till {
namespace {

constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr UnixMillis kMaxIdMillis = (UnixMillis{1} << 48) - 1;
constexpr int kIdCharacters = 26;

// 48 bits of time above 16 bits of sequence; always greater than the value before. A sequence starts in the lower half
// of its range, so 32,768 ids of one millisecond fit before the time field has to run ahead by one.
std::uint64_t next_ordinal(UnixMillis now_ms, std::uint16_t random) {
  static std::atomic<std::uint64_t> last{0};
  const auto millis = static_cast<std::uint64_t>(std::clamp<UnixMillis>(now_ms, 0, kMaxIdMillis));
  const std::uint64_t fresh = millis << 16 | (random & 0x7fffu);
  std::uint64_t previous = last.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    const bool moved_on = millis > previous >> 16;
    next = moved_on || previous == UINT64_MAX ? fresh : previous + 1;
  } while (!last.compare_exchange_weak(previous, next, std::memory_order_relaxed));
  return next;
}

void append_base32(std::string& out, std::uint64_t high, std::uint64_t low) {
  // 26 characters hold 130 bits; the two above the 128 are zero.
  for (int i = kIdCharacters - 1; i >= 0; --i) {
    const int shift = i * 5;
    std::uint64_t bits = 0;
    if (shift >= 64)
      bits = high >> (shift - 64);
    else if (shift + 5 > 64)
      bits = low >> shift | high << (64 - shift);
    else
      bits = low >> shift;
    out.push_back(kCrockford[bits & 31u]);
  }
}

}  // namespace

std::string new_id(std::string_view prefix, const Clock& clock) { return std::move(new_ids({prefix}, clock).front()); }

std::string detail::id_from(std::string_view prefix, const Clock& clock,
                            std::span<const std::uint8_t, kIdRandomBytes> random) {
  std::uint16_t start = 0;
  std::uint64_t low = 0;
  std::memcpy(&start, random.data(), sizeof start);
  std::memcpy(&low, random.data() + sizeof start, sizeof low);

  std::string id;
  id.reserve(prefix.size() + kIdCharacters);
  id += prefix;
  append_base32(id, next_ordinal(clock.now_ms(), start), low);
  return id;
}

}  // namespace till
