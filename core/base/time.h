// Time as text: ISO 8601 in and out, and the plain form that SQL databases print. Always UTC inside.
#pragma once

#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace till {

// 0000-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can write.
inline constexpr UnixMillis kMinTime = -62'167'219'200'000;
inline constexpr UnixMillis kMaxTime = 253'402'300'799'999;

// Reads "2026-11-20T22:50:00Z", the same with a fraction of any length up to 9 digits (what is finer than a millisecond
// is cut off), with an offset "+06:00", "+0600" or "+06", or without one (then it is UTC); "2026-11-20 22:50:00", with
// or without a fraction and offset; and "2026-11-20" (its first millisecond). Calendar dates are checked; leap seconds
// and 24:00 are refused. Error: kInvalidRequest, code "invalid_time".
Result<UnixMillis> parse_time(std::string_view text);

// "2026-11-20T22:50:00.000Z". A time beyond kMinTime..kMaxTime is written as the nearer end.
std::string format_iso_time(UnixMillis time);
// "2026-11-20 22:50:00"; the fraction is cut off. Ends as above.
std::string format_sql_time(UnixMillis time);

}  // namespace till
