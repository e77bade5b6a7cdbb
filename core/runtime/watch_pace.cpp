// Back-off of watches: see watch_pace.h.
#include "core/runtime/watch_pace.h"

#include <algorithm>

namespace till {

std::int64_t WatchPace::next_poll_ms(bool has_stream) {
  if (has_stream) return limits_.stream_poll_ms;
  const std::int64_t now = poll_ms_;
  poll_ms_ = std::min(poll_ms_ * 3 / 2, limits_.max_poll_ms);
  return now;
}

std::int64_t WatchPace::after_failure_ms(std::optional<std::int64_t> retry_after_ms) {
  return std::max(next_poll_ms(false), retry_after_ms.value_or(0));
}

std::int64_t WatchPace::next_reconnect_ms(std::optional<std::int64_t> retry_ms) {
  const std::int64_t least =
      std::min(std::max(retry_ms.value_or(0), limits_.first_reconnect_ms), limits_.max_reconnect_ms);
  reconnect_ms_ = std::clamp(reconnect_ms_ * 2, least, limits_.max_reconnect_ms);
  return reconnect_ms_;
}

}  // namespace till
