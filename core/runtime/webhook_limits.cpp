// What a gateway remembers of webhooks: see webhook_limits.h.
#include "core/runtime/webhook_limits.h"

#include <algorithm>
#include <utility>

#include "core/runtime/fork.h"

namespace till {

std::optional<UnixMillis> HintLimit::later(std::string_view payment_id, UnixMillis now_ms) {
  const std::lock_guard lock(mutex_);
  const bool another_span = now_ms >= span_began_at_ + kHintSpanMs || now_ms < span_began_at_;
  if (another_span) {
    span_began_at_ = now_ms;
    followed_ = 0;
    followed_of_.clear();
  }
  if (followed_ == kMaxHintsPerGateway) return span_began_at_ + kHintSpanMs;
  std::size_t& of_payment = followed_of_[std::string(payment_id)];
  if (of_payment == kMaxHintsPerPayment) return span_began_at_ + kHintSpanMs;
  ++of_payment;
  ++followed_;
  return std::nullopt;
}

void RefusalCounter::count(std::string_view reason, UnixMillis now_ms) {
  const std::lock_guard lock(mutex_);
  Refusals& counted = counted_[std::string(reason)];
  if (counted.count++ == 0) counted.first_at = now_ms;
  counted.last_at = now_ms;
}

std::vector<Refusals> RefusalCounter::take(std::string_view gateway, UnixMillis now_ms) {
  const std::lock_guard lock(mutex_);
  if (now_ms < taken_at_ + kRefusalFlushMs && now_ms >= taken_at_) return {};
  return take_locked(gateway, now_ms);
}

std::vector<Refusals> RefusalCounter::take_all(std::string_view gateway, UnixMillis now_ms) {
  const std::lock_guard lock(mutex_);
  return take_locked(gateway, now_ms);
}

bool RefusalCounter::plan() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(planned_, true);
}

void RefusalCounter::give_back(const std::vector<Refusals>& taken) {
  const std::lock_guard lock(mutex_);
  for (const Refusals& one : taken) {
    Refusals& counted = counted_[one.reason];
    counted.first_at = counted.count == 0 ? one.first_at : std::min(counted.first_at, one.first_at);
    counted.last_at = std::max(counted.last_at, one.last_at);
    counted.count += one.count;
  }
}

std::shared_ptr<RefusalCounter> RefusalCounters::here() {
  const std::lock_guard lock(fork_mutex());
  if (std::exchange(generation_, fork_generation()) != fork_generation() || !counter_)
    counter_ = std::make_shared<RefusalCounter>();
  return counter_;
}

std::vector<Refusals> RefusalCounter::take_locked(std::string_view gateway, UnixMillis now_ms) {
  planned_ = false;
  std::vector<Refusals> out;
  for (auto& [reason, counted] : counted_) {
    counted.gateway = gateway;
    counted.reason = reason;
    out.push_back(std::move(counted));
  }
  counted_.clear();
  if (!out.empty()) taken_at_ = now_ms;
  return out;
}

bool RefusalTransfer::take(UnixMillis now_ms) {
  if (taken_.empty()) taken_ = counter_->take(gateway_, now_ms);
  return !taken_.empty();
}

bool RefusalTransfer::take_all(UnixMillis now_ms) {
  if (taken_.empty()) taken_ = counter_->take_all(gateway_, now_ms);
  return !taken_.empty();
}

Status RefusalTransfer::write(Store& store) const {
  for (const Refusals& one : taken_) TILL_TRY(store.count_refusals(one));
  return {};
}

void RefusalTransfer::ended(const Status& status) {
  if (!status.ok()) counter_->give_back(taken_);
  taken_.clear();
}

}  // namespace till
