#include "tests/kill/checks.h"

#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "tests/kill/kept.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

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

void check_books(Shop& shop, const Shared& shared, const json::Value& books) {
  read_store(shop, [&](Store& store) -> Status {
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
  read_store(shop, [&](Store& store) -> Status {
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
