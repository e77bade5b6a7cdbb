// Checks: what workers were told before they were killed is in the store.
#include <cstdio>
#include <map>
#include <string>

#include "tests/kill/checks.h"
#include "tests/kill/kept.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

struct Counts {
  std::size_t created = 0, refunded = 0, acknowledged = 0, effects = 0, done = 0;
};

using ByReference = std::map<std::string, const Payment*>;

void check_told(const Told& told, const std::string& account, bool believes, Store& store,
                const ByReference& by_reference) {
  const std::string name(told.id);
  if (believes && !must(store.has_webhook(account, "event:" + name), "webhook"))
    give_up(name + " was acknowledged, and is not in the store");
  if (!told.took_effect) return;
  const auto found = by_reference.find(told.reference);
  if (found == by_reference.end()) give_up(name + " was acknowledged, and its payment is gone");
  const PaymentStatus status = found->second->status;
  const bool is_processing = status == PaymentStatus::kProcessing && told.status == std::string_view("processing");
  if (status != PaymentStatus::kPaid && !is_processing) give_up(name + " was acknowledged, and its effect is gone");
}

void check_orders(const Shared& shared, const std::vector<Payment>& payments, Counts& counts) {
  for (const Payment& payment : payments) {
    const Answered& answered = shared.answered_of(payment.reference);
    if (answered.created && (payment.provider_id.empty() || payment.outcome == Outcome::kUnknown))
      give_up(payment.reference + " was made, and the store does not know it any more");
    if (answered.refunded && payment.refunds.empty())
      give_up(payment.reference + " was refunded, and the store does not know it any more");
    if (answered.created) ++counts.created;
    if (answered.refunded) ++counts.refunded;
  }
}

std::size_t count_created(const Shared& shared) {
  std::size_t created = 0;
  for (std::size_t slot = 0; slot < kMaxWorkers; ++slot)
    for (std::uint64_t number = 0; number <= shared.next_order[slot] && number < kMaxOrders; ++number)
      if (shared.answered[slot][number].created) ++created;
  return created;
}

void check_outbox(Shop& shop, const Outbox& outbox, Store& store, const Kept& kept, Counts& counts) {
  ByReference by_reference;
  for (const Payment& payment : kept.payments) by_reference[payment.reference] = &payment;
  for (std::size_t place = 0; place < outbox.size(); ++place) {
    const Told& told = outbox[place];
    if (!told.acknowledged) continue;
    ++counts.acknowledged;
    if (told.took_effect) ++counts.effects;
    const Gateway& account = shop.gateway_of(told.reference);
    check_told(told, account.name(), &account == &shop.believing(), store, by_reference);
  }
}

void check_done(Handled& handled, const std::vector<InboxEvent>& events, Counts& counts) {
  for (const InboxEvent& one : events) {
    if (!handled.of(one.event.id).done) continue;
    ++counts.done;
    if (one.state != EventState::kDone)
      give_up(one.event.id + " was done, and is " + std::string(event_state_name(one.state)));
  }
}

}  // namespace

void check_answers(Shop& shop, Shared& shared) {
  Counts counts;
  read_store(shop, [&](Store& store) -> Status {
    TILL_ASSIGN(const Kept kept, read_all(shop, store));
    counts = {};
    check_orders(shared, kept.payments, counts);
    check_outbox(shop, shared.outbox, store, kept, counts);
    check_done(shared.handled, kept.events, counts);
    return {};
  });
  if (counts.created != count_created(shared)) give_up("payments were made that the store does not have any more");
  if (counts.created == 0 || counts.refunded == 0 || counts.acknowledged == 0 || counts.done == 0)
    give_up("the workers came to nothing: give them a longer span");
  std::printf(
      "answered to workers that were killed, and in the store: %zu payments, %zu refunds, %zu of the service's %zu "
      "events, %zu of them with their effect, %zu events done\n",
      counts.created, counts.refunded, counts.acknowledged, shared.outbox.size(), counts.effects, counts.done);
}

}  // namespace till::rounds
