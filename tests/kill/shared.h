// Shared: what processes that are killed leave behind, in memory that outlives them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tests/kill/handled.h"
#include "tests/kill/outbox.h"

namespace till::rounds {

inline constexpr std::size_t kMaxWorkers = 32;  // of all machines

struct Shared {
  std::atomic<std::uint64_t> next_order[kMaxWorkers] = {};  // the one that each worker is at
  Outbox outbox;
  std::atomic<std::uint64_t> calls{0}, settled{0}, passes{0};
  std::atomic<std::uint64_t> believed{0}, kept{0}, duplicates{0};  // webhooks
  Handled handled;
  std::atomic<std::uint64_t> handled_again{0}, leases_lost{0};
  std::atomic<int> killed{0}, faults{0};
  std::atomic<int> stops_to_come{0}, database_turns{0};  // a turn: it was stopped, or started
  std::atomic<std::uint64_t> outlived{0};                // calls that ended well although the database had turned twice
};

// Made anew, zeroed, and kept until the last process ends.
Shared* make_shared_memory();

}  // namespace till::rounds
