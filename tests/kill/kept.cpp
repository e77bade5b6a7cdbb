#include "tests/kill/kept.h"

#include <iterator>
#include <utility>

#include "core/runtime/engine.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

constexpr std::size_t kEverything = 1'000'000;

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<Kept> read_all(Shop& shop, Store& store) {
  Kept kept;
  for (const auto& gateway : shop.gateways()) {
    TILL_ASSIGN(auto writes, store.list_writes({.gateway = gateway->name(), .limit = kEverything}));
    TILL_ASSIGN(auto payments, store.list_payments({.gateway = gateway->name(), .limit = kEverything}));
    TILL_ASSIGN(auto events, store.list_inbox({.gateway = gateway->name(), .limit = kEverything}));
    append(kept.writes, std::move(writes));
    append(kept.payments, std::move(payments));
    append(kept.events, std::move(events));
  }
  return kept;
}

void read_store(Shop& shop, const StoreQueue::Task& task) {
  const Status done = must(shop.runtime().engine(), "engine")->store().read(task);
  if (!done.ok()) give_up("the store cannot be read: " + done.error().message);
}

}  // namespace till::rounds
