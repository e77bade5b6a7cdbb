// The time at which the tests of this room take place.
#pragma once

#include "core/base/clock.h"

namespace till {

inline constexpr UnixMillis kNow = 1'800'000'000'000;

}  // namespace till
