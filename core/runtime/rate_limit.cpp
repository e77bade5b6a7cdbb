// Reading and remembering rate limits: see rate_limit.h.
#include "core/runtime/rate_limit.h"

#include <algorithm>
#include <string>

#include "core/base/time.h"

namespace till {
namespace {

std::optional<std::int64_t> read_field(const http::Headers& headers, const std::string& name) {
  return name.empty() ? std::nullopt : http::read_count(headers, name);
}

std::string in_seconds(std::int64_t milliseconds) { return std::to_string((milliseconds + 999) / 1000) + " s"; }

}  // namespace

RateHint read_rate_hint(const plugin::RateLimit& names, const http::Headers& headers, UnixMillis now_ms) {
  RateHint hint{.limit = read_field(headers, names.limit_header),
                .remaining = read_field(headers, names.remaining_header),
                .reset_in_ms = std::nullopt};
  const auto reset = read_field(headers, names.reset_header);
  if (!reset || *reset > kMaxTime / 1000) return hint;
  const bool is_time = names.reset_unit == plugin::RateLimit::ResetUnit::kEpochSeconds;
  const UnixMillis origin_ms = is_time ? http::read_hints(headers, now_ms).date_ms.value_or(now_ms) : 0;
  const std::int64_t reset_in_ms = std::max<std::int64_t>(*reset * 1000 - origin_ms, 0);
  if (reset_in_ms <= kMaxRateResetMs) hint.reset_in_ms = reset_in_ms;
  return hint;
}

void RateMemory::note(const RateHint& hint, UnixMillis now_ms) {
  if (hint.limit) limit_.store(*hint.limit);
  if (hint.remaining != 0 || !hint.reset_in_ms) return;
  // Replies may be noted in another order than they were sent in; the latest reset holds.
  const UnixMillis until_ms = now_ms + *hint.reset_in_ms;
  const bool starts_over = went_back(now_ms);
  UnixMillis known = until_ms_.load();
  while (starts_over || known < until_ms)
    if (until_ms_.compare_exchange_weak(known, until_ms)) return noted_ms_.store(now_ms);
}

bool RateMemory::went_back(UnixMillis now_ms) const { return now_ms < noted_ms_.load() - kClockStepMs; }

std::int64_t RateMemory::wait_ms(UnixMillis now_ms) const {
  return went_back(now_ms) ? 0 : std::max<std::int64_t>(until_ms_.load() - now_ms, 0);
}

UnixMillis RateMemory::turn_at(UnixMillis at_ms) {
  UnixMillis next = next_turn_ms_.load();
  for (;;) {
    const bool queued = next > at_ms && next <= at_ms + kMaxSpreadMs;
    const UnixMillis turn = queued ? next : at_ms;
    if (next_turn_ms_.compare_exchange_weak(next, turn + kSpreadStepMs)) return turn;
  }
}

Error RateMemory::error(const plugin::Manifest& manifest, std::int64_t wait_ms) const {
  const std::int64_t limit = limit_.load();
  const std::string which = limit > 0 ? "its limit of " + std::to_string(limit) + " requests" : "its limit of requests";
  return {.kind = ErrorKind::kRateLimited,
          .code = "rate_limited",
          .message = "nothing was sent: " + manifest.name + " said that " + which + " is used up; call again in " +
                     in_seconds(wait_ms),
          .sent = Sent::kNo,
          .retryable = true,
          .retry_after_ms = wait_ms};
}

}  // namespace till
