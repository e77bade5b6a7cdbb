// WatchPace: how often a watched payment is asked about, and when a broken stream is tried again. Pure: it only counts.
#pragma once

#include <cstdint>
#include <optional>

namespace till {

struct WatchLimits {
  std::int64_t first_poll_ms = 2'000;  // without a stream, and again after each change
  std::int64_t max_poll_ms = 30'000;
  std::int64_t stream_poll_ms = 60'000;  // beside a stream, in case it forgets something
  std::int64_t min_gap_ms = 500;         // between two questions, however many events come
  std::int64_t first_reconnect_ms = 1'000;
  std::int64_t max_reconnect_ms = 60'000;
  std::int64_t stream_idle_ms = 75'000;  // a stream that says nothing for longer is taken for broken
};

class WatchPace {
 public:
  explicit WatchPace(WatchLimits limits) : limits_(limits), poll_ms_(limits.first_poll_ms) {}

  // The payment is another one now: more may follow soon.
  void changed() { poll_ms_ = limits_.first_poll_ms; }
  // Until the next question; each is half as long again as the one before.
  std::int64_t next_poll_ms(bool has_stream);
  // Until the next question after one that failed; `retry_after_ms` is what the provider said.
  std::int64_t after_failure_ms(std::optional<std::int64_t> retry_after_ms);

  // A stream told something: one that only opens and ends at once is no success.
  void connected() { reconnect_ms_ = 0; }
  // Until the next try to open one; each is twice as long as the one before. `retry_ms` is what the server asked for.
  std::int64_t next_reconnect_ms(std::optional<std::int64_t> retry_ms);

  const WatchLimits& limits() const { return limits_; }

 private:
  WatchLimits limits_;
  std::int64_t poll_ms_;
  std::int64_t reconnect_ms_ = 0;  // of the last try; 0: it succeeded
};

}  // namespace till
