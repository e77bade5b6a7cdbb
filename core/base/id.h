// Ids that sort by the time they were made.
#pragma once

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

}  // namespace till
