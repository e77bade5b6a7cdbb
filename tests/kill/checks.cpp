#include "tests/kill/checks.h"

#include <cstdio>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "core/runtime/engine.h"
#include "core/store/queue.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

constexpr std::size_t kEverything = 1'000'000;

// All of both accounts.
struct Kept {
  std::vector<Write> writes;
  std::vector<Payment> payments;
};

template <class T>
void append(std::vector<T>& to, std::vector<T> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

Result<Kept> read_all(Shop& shop, Store& store) {
  Kept kept;
  for (const auto& gateway : shop.gateways()) {
    TILL_ASSIGN(auto writes, store.list_writes({.gateway = gateway->name(), .limit = kEverything}));
    TILL_ASSIGN(auto payments, store.list_payments({.gateway = gateway->name(), .limit = kEverything}));
    append(kept.writes, std::move(writes));
    append(kept.payments, std::move(payments));
  }
  return kept;
}

void read(Shop& shop, const StoreQueue::Task& task) {
  const Status done = must(shop.runtime().engine(), "engine")->store().read(task);
  if (!done.ok()) give_up("the store cannot be read: " + done.error().message);
}

// How often each type stands in a payment's history.
std::map<std::string, int> count_events(Store& store, const Payment& payment) {
  std::map<std::string, int> types;
  for (const Event& event : must(store.list_events(payment.id), "events")) ++types[event.type];
  return types;
}

void check_writes(const json::Value& books, const std::vector<Write>& writes) {
  std::map<std::string, const Write*> by_key;
  std::size_t done = 0, unknown = 0;
  for (const Write& write : writes) {
    by_key[write.idempotency_key] = &write;
    if (write.state == WriteState::kInFlight) give_up(write.idempotency_key + " is still in flight");
    ++(write.state == WriteState::kDone ? done : unknown);
  }
  std::size_t sent = 0;
  for (const auto& [key, count] : *books.find("received")->object()) {
    if (key.empty()) continue;
    ++sent;
    if (*count.as_integer() != 1) give_up(key + " was sent " + count.number()->text + " times");
    if (!by_key.contains(key)) give_up(key + " was sent and is not in the store");
  }
  for (const auto& [key, write] : by_key)
    if (write->state == WriteState::kDone && !books.find("received")->find(key))
      give_up(key + " is done, and was never sent");
  std::printf("writes: %zu sent, %zu done, %zu unknown and visible\n", sent, done, unknown);
}

void check_payment(const std::string& id, const json::Value& kept, const Payment& payment,
                   std::map<std::string, int> types) {
  if (payment.reference != kept.find_string("reference")) give_up(id + " has another reference in the store");
  const std::string refund = text_of(kept, "refund");
  if (payment.refunds.size() > 1) give_up(id + " is refunded twice in the store");
  if (payment.refunds.empty() != refund.empty()) give_up(id + ": the refund is only on one side");
  if (!refund.empty() && payment.refunds[0].find_string("provider_id") != refund) give_up(id + " has another refund");
  const auto expect = [&](const char* type, int least, int most) {
    if (types[type] < least || types[type] > most) give_up(id + " has " + std::to_string(types[type]) + " " + type);
  };
  const int refunds = static_cast<int>(payment.refunds.size());
  const int paid = kept.find_string("status") == "paid" ? 1 : 0;
  expect("payment.created", 1, 1);
  expect("payment.processing", 0, paid);
  expect("payment.paid", paid, paid);
  expect("refund.created", refunds, refunds);
  if ((payment.status == PaymentStatus::kPaid) != (paid == 1)) give_up(id + " is paid on one side only");
}

void check_payments(const json::Value& books, Store& store, const std::vector<Payment>& payments) {
  std::map<std::string, const Payment*> by_id;
  std::size_t unknown = 0, refunds = 0, paid = 0;
  for (const Payment& payment : payments) {
    if (payment.outcome == Outcome::kUnknown) ++unknown;
    if (!payment.provider_id.empty() && !by_id.emplace(payment.provider_id, &payment).second)
      give_up("two payments are " + payment.provider_id);
  }
  for (const auto& [id, kept] : *books.find("payments")->object()) {
    const auto found = by_id.find(id);
    if (found == by_id.end()) give_up("the service has " + id + ", and no payment is known to be it");
    const Payment& payment = *found->second;
    check_payment(id, kept, payment, count_events(store, payment));
    refunds += payment.refunds.size();
    if (payment.status == PaymentStatus::kPaid) ++paid;
  }
  if (books.find("payments")->object()->size() != by_id.size())
    give_up("the store has payments that the service has not");
  std::printf("payments: %zu at the service, %zu known, %zu unknown; %zu refunds, %zu paid\n",
              books.find("payments")->object()->size(), by_id.size(), unknown, refunds, paid);
}

void check_told(const Told& told, const std::string& account, bool believes, Store& store,
                const std::map<std::string, const Payment*>& by_reference) {
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

Status check_inbox(Shop& shop, Store& store) {
  for (const auto& gateway : shop.gateways())
    for (const EventState state : {EventState::kWaiting, EventState::kTaken, EventState::kDead}) {
      TILL_ASSIGN(const auto left, store.list_inbox({.gateway = gateway->name(), .state = state, .limit = 1}));
      if (!left.empty()) give_up(left[0].event.id + " is " + std::string(event_state_name(state)));
    }
  return {};
}

// The events of one payment, oldest first.
void check_order(Handled& handled, const std::vector<Event>& events) {
  std::uint64_t before = 0;
  for (const Event& event : events) {
    const Effect& effect = handled.of(event.id);
    if (effect.times == 0) give_up(event.id + " was never handled");
    if (effect.first < before) give_up(event.id + ", " + event.type + ", was handled before what came before it");
    before = effect.first;
  }
}

}  // namespace

void check_acknowledged(Shop& shop, const Shared& shared) {
  std::size_t acknowledged = 0, effects = 0;
  read(shop, [&](Store& store) -> Status {
    TILL_ASSIGN(const Kept kept, read_all(shop, store));
    std::map<std::string, const Payment*> by_reference;
    for (const Payment& payment : kept.payments) by_reference[payment.reference] = &payment;
    acknowledged = effects = 0;
    for (std::size_t place = 0; place < shared.outbox.size(); ++place) {
      const Told& told = shared.outbox[place];
      if (!told.acknowledged) continue;
      ++acknowledged;
      if (told.took_effect) ++effects;
      const Gateway& account = shop.gateway_of(told.reference);
      check_told(told, account.name(), &account == &shop.believing(), store, by_reference);
    }
    return {};
  });
  std::printf(
      "events: %zu at the service, %zu acknowledged by workers that were killed, %zu of them with their effect\n",
      shared.outbox.size(), acknowledged, effects);
}

void check_books(Shop& shop, const Shared& shared, const json::Value& books) {
  read(shop, [&](Store& store) -> Status {
    TILL_ASSIGN(const Kept kept, read_all(shop, store));
    check_writes(books, kept.writes);
    check_payments(books, store, kept.payments);
    return {};
  });
  if (books.find("events")->array()->size() != shared.outbox.size()) give_up("the service has other events");
  std::printf("answers lost by the service: %lld\n", static_cast<long long>(*books.find_integer("lost")));
}

void check_handled(Shop& shop, Shared& shared) {
  std::size_t events = 0;
  read(shop, [&](Store& store) -> Status {
    TILL_TRY(check_inbox(shop, store));
    TILL_ASSIGN(const Kept kept, read_all(shop, store));
    events = 0;
    for (const Payment& payment : kept.payments) {
      TILL_ASSIGN(const auto of_payment, store.list_events(payment.id));
      events += of_payment.size();
      check_order(shared.handled, of_payment);
    }
    return {};
  });
  std::printf("inbox: %zu events, all handled in order and done; %llu times one was handled again, %llu leases lost\n",
              events, static_cast<unsigned long long>(shared.handled_again),
              static_cast<unsigned long long>(shared.leases_lost));
}

}  // namespace till::rounds
