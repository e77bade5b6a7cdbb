// Back-off of questions: see looks.h.
#include "core/payment/looks.h"

#include <algorithm>

namespace till {
namespace {

// `first_ms`, doubled `looks` times, at most `max_ms`, and up to a quarter more.
std::int64_t backed_off(std::int64_t looks, std::int64_t first_ms, std::int64_t max_ms, std::uint8_t jitter) {
  std::int64_t wait_ms = first_ms;
  for (; looks > 0 && wait_ms < max_ms; --looks) wait_ms *= 2;
  wait_ms = std::min(wait_ms, max_ms);
  return wait_ms + wait_ms / 4 * jitter / 255;
}

std::optional<UnixMillis> next_open_look(const Payment& payment, UnixMillis now_ms, std::uint8_t jitter) {
  if (now_ms - payment.created_at >= kOpenLooksMs) return std::nullopt;
  const UnixMillis at = now_ms + backed_off(payment.looks, kFirstLookMs, kMaxLookMs, jitter);
  if (!payment.expires_at || *payment.expires_at + kAfterExpiryMs <= now_ms) return at;
  return std::min(at, *payment.expires_at + kAfterExpiryMs);
}

}  // namespace

std::optional<UnixMillis> next_look(const Payment& payment, UnixMillis now_ms, std::uint8_t jitter) {
  if (payment.provider_id.empty()) return std::nullopt;
  switch (payment.status) {
    case PaymentStatus::kPaid:
      return std::nullopt;
    case PaymentStatus::kExpired:
    case PaymentStatus::kCancelled:
    case PaymentStatus::kFailed:
      if (payment.looks >= kLateLooks) return std::nullopt;
      return now_ms + backed_off(payment.looks, kFirstLateLookMs, kMaxLateLookMs, jitter);
    default:
      return next_open_look(payment, now_ms, jitter);
  }
}

UnixMillis next_write_look(std::int64_t looks, UnixMillis now_ms, std::uint8_t jitter) {
  return now_ms + backed_off(std::max<std::int64_t>(looks - 1, 0), kFirstWriteLookMs, kMaxWriteLookMs, jitter);
}

}  // namespace till
