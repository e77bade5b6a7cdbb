// What a gateway remembers of webhooks in this process: how many hints were followed lately, and what was refused.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/store/store.h"

namespace till {

// Anybody can send a hint, and each that names a payment costs a request: so many are followed in one span of time.
inline constexpr std::int64_t kHintSpanMs = 60'000;
inline constexpr std::size_t kMaxHintsPerPayment = 10;
inline constexpr std::size_t kMaxHintsPerGateway = 6'000;

// Safe to call from any thread.
class HintLimit {
 public:
  // Nullopt: ask about it now. Else there were too many, and this is when it may be asked about again.
  std::optional<UnixMillis> later(std::string_view payment_id, UnixMillis now_ms);

 private:
  std::mutex mutex_;
  UnixMillis span_began_at_ = 0;
  std::size_t followed_ = 0;
  std::unordered_map<std::string, std::size_t> followed_of_;  // at most kMaxHintsPerGateway
};

// How often counts of refusals go to the store: whoever sends rubbish shall not make it write.
inline constexpr std::int64_t kRefusalFlushMs = 1'000;

// Safe to call from any thread.
class RefusalCounter {
 public:
  void count(std::string_view reason, UnixMillis now_ms);
  // What was counted since the last time, when that is long enough ago; empty otherwise.
  std::vector<Refusals> take(std::string_view gateway, UnixMillis now_ms);
  // The same at once.
  std::vector<Refusals> take_all(std::string_view gateway, UnixMillis now_ms);
  // True for who is to take_all() after kRefusalFlushMs, or when the engine goes before: nobody else has been told so
  // since the last time.
  bool plan();
  // What was taken and could not be written counts again.
  void give_back(const std::vector<Refusals>& taken);

 private:
  std::vector<Refusals> take_locked(std::string_view gateway, UnixMillis now_ms);

  std::mutex mutex_;  // and below: guarded by it
  UnixMillis taken_at_ = 0;
  bool planned_ = false;
  std::map<std::string, Refusals, std::less<>> counted_;  // by reason; the reasons are our own words
};

// A gateway's counter. A forked child gets another: what was counted before is the parent's to write, and one of its
// threads may have held the counter's mutex.
class RefusalCounters {
 public:
  // This process's. Any thread; not within a task of the store, for it takes fork_mutex().
  std::shared_ptr<RefusalCounter> here();

 private:
  std::uint64_t generation_ = 0;  // guarded by fork_mutex(), as the counter is
  std::shared_ptr<RefusalCounter> counter_;
};

// Counts on their way from a counter to the store; they go back unless the transaction that wrote them was committed.
// When nobody knows whether it was, they go back, too: rather twice than lost. One thread at a time.
class RefusalTransfer {
 public:
  RefusalTransfer(std::shared_ptr<RefusalCounter> counter, std::string gateway)
      : counter_(std::move(counter)), gateway_(std::move(gateway)) {}
  ~RefusalTransfer() { counter_->give_back(taken_); }
  RefusalTransfer(const RefusalTransfer&) = delete;
  RefusalTransfer& operator=(const RefusalTransfer&) = delete;

  // As RefusalCounter has them. False when nothing was taken.
  bool take(UnixMillis now_ms);
  bool take_all(UnixMillis now_ms);
  // Writes what was taken; may be done again, when the transaction is.
  Status write(Store& store) const;
  // How the transaction ended.
  void ended(const Status& status);

 private:
  const std::shared_ptr<RefusalCounter> counter_;
  const std::string gateway_;
  std::vector<Refusals> taken_;
};

}  // namespace till
