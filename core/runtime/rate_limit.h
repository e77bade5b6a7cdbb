// RateLimit: what a provider says of how often it may be asked, and until when a gateway therefore keeps still.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/http/message.h"
#include "core/plugin/manifest.h"

namespace till {

// A reset further away than this is no limit that anyone could wait for, but a number in another unit.
inline constexpr std::int64_t kMaxRateResetMs = 24 * 3600 * 1000;

// A clock that stands this much before the reply that told of a limit was set back since, and says nothing of how long
// it still lasts. Threads that read it at the same time differ by less.
inline constexpr std::int64_t kClockStepMs = 5'000;

// Those who wait for one moment are let go one after the other, this far apart, and at the most kMaxSpreadMs late.
inline constexpr std::int64_t kSpreadStepMs = 20;
inline constexpr std::int64_t kMaxSpreadMs = 5'000;

// What one reply said.
struct RateHint {
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> remaining;
  std::optional<std::int64_t> reset_in_ms;  // from now; 0 when it is past
};

// Reads the fields that the manifest names. A reset that is an epoch time is measured by the reply's own Date where it
// has one, so that clocks need not agree.
RateHint read_rate_hint(const plugin::RateLimit& names, const http::Headers& headers, UnixMillis now_ms);

// One gateway's memory of a limit that is used up. Safe to use from any thread.
class RateMemory {
 public:
  // A reply said `hint` at `now_ms`: with none remaining nothing is to be sent before the reset.
  void note(const RateHint& hint, UnixMillis now_ms);
  // Milliseconds until something may be sent again; 0 when at once, or when the clock was set back.
  std::int64_t wait_ms(UnixMillis now_ms) const;
  // Who begins now to wait for `at_ms` is to go on at this time: `at_ms`, or a little later where others wait for it.
  UnixMillis turn_at(UnixMillis at_ms);
  // kRateLimited, not sent: why nothing is, for `wait_ms` more.
  Error error(const plugin::Manifest& manifest, std::int64_t wait_ms) const;

 private:
  bool went_back(UnixMillis now_ms) const;

  std::atomic<UnixMillis> until_ms_{0};
  std::atomic<UnixMillis> noted_ms_{0};  // when until_ms_ was
  std::atomic<UnixMillis> next_turn_ms_{0};
  std::atomic<std::int64_t> limit_{0};  // 0: not known
};

}  // namespace till
