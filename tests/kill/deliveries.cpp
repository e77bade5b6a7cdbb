// Shop: the service's events are delivered to it, by several processes at once and more than once, as senders do.
#include <algorithm>
#include <vector>

#include "tests/kill/shop.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

// Deliveries between two orders, of one among the oldest events that nobody has acknowledged.
constexpr int kDeliveries = 4;
constexpr std::size_t kOldest = 8;
// Of so many deliveries one is of an event that was acknowledged before.
constexpr unsigned kAgain = 4;
// Until an event has to be acknowledged when nobody is killed any more.
constexpr int kLastTries = 20;

// Places of events that nobody has acknowledged, oldest first.
std::vector<std::size_t> open_events(Outbox& outbox, std::size_t limit) {
  std::vector<std::size_t> open;
  const std::size_t size = outbox.size();
  for (std::size_t place = outbox.first_open; place < size && open.size() < limit; ++place)
    if (!outbox[place].acknowledged) open.push_back(place);
  if (!open.empty()) outbox.first_open = open.front();
  return open;
}

bool is_at_least(std::string_view status, std::string_view told) {
  return status == told || (status == "paid" && told == "processing");
}

}  // namespace

void Shop::deliver_some() {
  Outbox& outbox = shared_.outbox;
  for (int i = 0; i < kDeliveries; ++i) {
    if (outbox.size() > 0 && random_() % kAgain == 0) deliver(outbox[random_() % outbox.size()]);
    const auto open = open_events(outbox, kOldest);
    if (open.empty()) return;
    deliver(outbox[open[random_() % open.size()]]);
  }
}

void Shop::deliver(Told& told) {
  Gateway& gateway = gateway_of(told.reference);
  const Before before{.acknowledged = told.acknowledged, .took_effect = told.took_effect};
  ++told.deliveries;
  const auto answer = call(
      gateway, "webhooks.receive",
      json::Object{{"headers", json::Object{{"Content-Type", "application/json"}, {"X-Signature", told.signature}}},
                   {"body", told.body}});
  if (answer.ok()) return note(told, parsed(*answer), before);
  if (!is_store_away(answer.error()))
    give_up(std::string(told.id) + " was refused: " + answer.error().code + ": " + answer.error().message);
}

// What the sender learns. What was acknowledged before it was sent again is a duplicate to who believes it, and changes
// nothing where it took effect.
void Shop::note(Told& told, const json::Value& result, Before before) {
  if (result.find_integer("http_status") != 200) return;
  const bool believes = &gateway_of(told.reference) == &believing();
  if (before.took_effect && result.find_bool("changed") == true) give_up(std::string(told.id) + " was applied twice");
  if (before.acknowledged && believes && result.find_bool("duplicate") != true)
    give_up(std::string(told.id) + " was acknowledged, and is not known any more");
  if (result.find_bool("duplicate") == true) ++shared_.duplicates;
  if (result.find_string("trust") == "signed") ++shared_.believed;
  if (result.find_string("reason") == "unknown_payment") ++shared_.kept;
  const json::Value* payment = result.find("payment");
  if (!payment->is_null() && is_at_least(text_of(*payment, "status"), told.status)) told.took_effect = true;
  told.acknowledged = true;
}

void Shop::deliver_all() {
  for (std::size_t place = 0; place < shared_.outbox.size(); ++place) {
    Told& told = shared_.outbox[place];
    deliver(told);
    for (int i = 0; i < kLastTries && !told.acknowledged; ++i) deliver(told);
    if (!told.acknowledged) give_up(std::string(told.id) + " is never acknowledged");
  }
}

}  // namespace till::rounds
