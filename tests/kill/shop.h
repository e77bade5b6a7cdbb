// Shop: one process's way to the store and the service, and what its workers do until they are killed. It has two
// accounts: one has the secret that signs webhooks and believes them, the other has none, and takes them for hints.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/json/value.h"
#include "core/runtime/gateway.h"
#include "core/runtime/inbox.h"
#include "core/runtime/runtime.h"
#include "tests/kill/shared.h"

namespace till::rounds {

// The last machine's clock is so far ahead of the first one's: by the most of a lease, so that there are leases that
// are over for one while they are not for the other.
inline constexpr std::int64_t kFurthestAheadMs = kMinLeaseMs * 7 / 8;

// Where a shop finds what it works with.
struct Place {
  std::string folder;    // of the provider
  std::string store;     // as in RuntimeOptions
  std::string base_url;  // of the service
  std::string label;     // of the account
};

// The system's clock, and a while later.
class ShiftedClock final : public Clock {
 public:
  UnixMillis now_ms() const override { return system_.now_ms() + shift_ms_.load(); }
  std::int64_t steady_ms() const override { return system_.steady_ms() + shift_ms_.load(); }
  void shift(std::int64_t by_ms) { shift_ms_ += by_ms; }

 private:
  SystemClock system_;
  std::atomic<std::int64_t> shift_ms_{0};
};

// Starts no thread before its first call, so that whoever opens it can fork warm workers.
class Shop {
 public:
  Shop(const Place& place, Shared& shared);

  // No two machines' clocks are the same.
  void set_clock_ahead(std::int64_t by_ms) { clock_->shift(by_ms); }
  // Makes the store, as it is made in any shop before it sells.
  void open_store();
  // Begins with what the one before was killed at, and goes on from there. Never returns.
  [[noreturn]] void work(std::size_t slot);
  // Settles what others were killed at, with a clock that is ahead of theirs. Never returns.
  [[noreturn]] void reconcile_again();
  // Everything is beyond its deadline, and is asked about until nothing more is settled.
  void settle_all();
  // Each event of the service, until it is acknowledged; those that were before, once more.
  void deliver_all();
  // Each event that waits in the inbox, until none does. Every lease of the workers is over.
  void handle_all();

  // The account that an order is paid to.
  Gateway& gateway_of(std::string_view reference);
  const std::array<std::shared_ptr<Gateway>, 2>& gateways() const { return gateways_; }
  Gateway& believing() { return *gateways_[0]; }
  Runtime& runtime() { return *runtime_; }

 private:
  bool order(std::size_t slot, std::uint64_t number);
  void deliver_some();
  void deliver(Told& told);
  // What was known of an event before it was delivered.
  struct Before {
    bool acknowledged, took_effect;
  };
  void note(Told& told, const json::Value& result, Before before);
  void handle_some();
  bool is_surely_held(UnixMillis asked_at) const;
  void handle(Gateway& gateway, const json::Value& event, UnixMillis asked_at);
  void settle(const Result<std::string>& answer, const std::string& id);
  Result<std::string> call(Gateway& gateway, std::string_view operation, const json::Value& input);

  Shared& shared_;
  std::minstd_rand random_;
  std::shared_ptr<ShiftedClock> clock_ = std::make_shared<ShiftedClock>();
  std::shared_ptr<Runtime> runtime_;
  std::array<std::shared_ptr<Gateway>, 2> gateways_;  // with the secret, and without
};

// Whether a call came to nothing because the store could not be had.
bool is_store_away(const Error& error);

}  // namespace till::rounds
