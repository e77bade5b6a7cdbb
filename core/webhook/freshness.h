// When a webhook was signed, and whether that is now. Inside the room only.
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

// The time that the text says, or nullopt when it is not in its one canonical form: decimal digits without sign, space,
// leading zero or anything else; for RFC 3339 the date, "T", the time and an offset.
std::optional<UnixMillis> read_time(std::string_view text, Freshness::Unit unit);

// Refused as too old or too new when `signed_at` is outside the window around `received_at`; its edges are inside.
Status check_window(const Freshness& freshness, UnixMillis signed_at, UnixMillis received_at);

}  // namespace till::webhook
