// Kept: what the store has of the rounds.
#pragma once

#include <vector>

#include "core/store/queue.h"
#include "tests/kill/shop.h"

namespace till::rounds {

// Of both accounts.
struct Kept {
  std::vector<Write> writes;
  std::vector<Payment> payments;
  std::vector<InboxEvent> events;
};

// Runs the task on the store, and ends the process with give_up() when it cannot be read.
void read_store(Shop& shop, const StoreQueue::Task& task);
Result<Kept> read_all(Shop& shop, Store& store);

}  // namespace till::rounds
