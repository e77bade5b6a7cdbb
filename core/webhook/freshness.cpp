// Times of webhooks: see freshness.h.
#include "core/webhook/freshness.h"

#include <string>

#include "core/base/time.h"
#include "core/webhook/reason.h"

namespace till::webhook {
namespace {

// 13 digits are milliseconds until the year 2286.
constexpr std::size_t kMaxDigits = 13;

std::optional<UnixMillis> read_digits(std::string_view text) {
  if (text.empty() || text.size() > kMaxDigits || (text.front() == '0' && text.size() > 1)) return std::nullopt;
  UnixMillis value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

std::optional<UnixMillis> read_rfc3339(std::string_view text) {
  constexpr std::size_t kDateTime = 19;  // "2026-11-20T22:50:00"
  const bool has_offset = text.size() > kDateTime && text.find_first_of("Z+-", kDateTime) != text.npos;
  if (!has_offset || text[10] != 'T') return std::nullopt;
  const auto time = parse_time(text);
  return time.ok() ? std::optional(*time) : std::nullopt;
}

}  // namespace

std::optional<UnixMillis> read_time(std::string_view text, Freshness::Unit unit) {
  if (unit == Freshness::Unit::kRfc3339) return read_rfc3339(text);
  const auto number = read_digits(text);
  if (!number) return std::nullopt;
  const UnixMillis time = unit == Freshness::Unit::kSeconds ? *number * 1000 : *number;
  return time <= kMaxTime ? std::optional(time) : std::nullopt;
}

Status check_window(const Freshness& freshness, UnixMillis signed_at, UnixMillis received_at) {
  const auto seconds = [](std::int64_t ms) { return std::to_string(ms / 1000) + " s"; };
  if (received_at - signed_at > freshness.past_ms)
    return rejected(Reason::kTooOld, "signed " + seconds(received_at - signed_at) + " before it came; at most " +
                                         seconds(freshness.past_ms) + " are allowed");
  if (signed_at - received_at > freshness.future_ms)
    return rejected(Reason::kTooNew, "signed " + seconds(signed_at - received_at) + " after it came; at most " +
                                         seconds(freshness.future_ms) + " are allowed: is this machine's clock right?");
  return {};
}

}  // namespace till::webhook
