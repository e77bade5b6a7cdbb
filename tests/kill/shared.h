// Shared: what processes that are killed leave behind, in memory that outlives them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/kill/handled.h"
#include "tests/kill/outbox.h"

namespace till::rounds {

inline constexpr std::size_t kMaxWorkers = 32;  // of all machines

inline constexpr std::size_t kMaxOrders = 16 * 1'024;  // of one worker

// What the shop was told of an order.
struct Answered {
  std::atomic<bool> created{false}, refunded{false};
};

struct Shared {
  std::atomic<std::uint64_t> next_order[kMaxWorkers] = {};  // the one that each worker is at
  Answered answered[kMaxWorkers][kMaxOrders];
  Outbox outbox;
  std::atomic<std::uint64_t> calls{0}, settled{0}, passes{0};
  std::atomic<std::uint64_t> created{0}, refunded{0}, done{0};     // answers
  std::atomic<std::uint64_t> believed{0}, kept{0}, duplicates{0};  // webhooks
  Handled handled;
  std::atomic<std::uint64_t> handled_again{0}, leases_lost{0};
  // "s2-17" is the order 17 of worker 2.
  const Answered& answered_of(const std::string& reference) const {
    const std::size_t dash = reference.find('-');
    return answered[std::stoul(reference.substr(1, dash - 1))][std::stoul(reference.substr(dash + 1))];
  }
  std::atomic<int> killed{0}, faults{0};
  std::atomic<int> stops_to_come{0}, database_turns{0};  // a turn: it was stopped, or started
  std::atomic<std::uint64_t> outlived{0};                // calls that ended well although the database had turned twice
};

// Made anew, zeroed, and kept until the last process ends.
Shared* make_shared_memory();

}  // namespace till::rounds
