// When the provider is to be asked again, about a payment or about a write: pure functions, for reconcile.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/payment/payment.h"

namespace till {

// An open payment is asked about a minute after it changed, and then after twice as long each time, at most every six
// hours; thirty days after it was made nobody expects money any more.
inline constexpr std::int64_t kFirstLookMs = 60'000;
inline constexpr std::int64_t kMaxLookMs = 6LL * 3'600'000;
inline constexpr std::int64_t kOpenLooksMs = 30LL * 24 * 3'600'000;
// Money may still come for one that is expired, cancelled or failed: eight slow looks, over about four days.
inline constexpr std::int64_t kFirstLateLookMs = 3'600'000;
inline constexpr std::int64_t kMaxLateLookMs = 24LL * 3'600'000;
inline constexpr std::int64_t kLateLooks = 8;
// A payment that expires is looked at when that has happened.
inline constexpr std::int64_t kAfterExpiryMs = 60'000;
// A write whose end is unknown is asked about at once, then after ten seconds and twice as long each time. It is never
// given up.
inline constexpr std::int64_t kFirstWriteLookMs = 10'000;
inline constexpr std::int64_t kMaxWriteLookMs = 6LL * 3'600'000;

// When to ask about the payment as it is after `payment.looks` questions without news; nullopt: need not be asked
// about. `jitter`, any number, makes the wait up to a quarter longer, so that what came together is not asked about
// together.
std::optional<UnixMillis> next_look(const Payment& payment, UnixMillis now_ms, std::uint8_t jitter);

// When to ask about a write again after `looks` questions that did not settle it.
UnixMillis next_write_look(std::int64_t looks, UnixMillis now_ms, std::uint8_t jitter);

}  // namespace till
