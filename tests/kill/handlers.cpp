// Shop: its events are handled, by several processes at once, which are killed in the middle.
#include <unistd.h>

#include "core/json/json.h"
#include "core/runtime/inbox.h"
#include "tests/kill/shop.h"
#include "tests/kill/support.h"

namespace till::rounds {
namespace {

constexpr std::int64_t kTaken = 5;
// Of so many events one is given back as if it had not been taken.
constexpr unsigned kGivenBack = 32;

json::Value named(const json::Value& event) {
  return json::Object{{"id", text_of(event, "id")}, {"lease", text_of(event, "lease")}};
}

}  // namespace

// The lease is the shortest one, so that what a killed worker had comes again soon.
void Shop::handle_some() {
  Gateway& gateway = *gateways_[random_() % 2];
  const UnixMillis asked_at = clock_->now_ms();
  const auto taken =
      call(gateway, "events.take",
           json::Object{{"limit", json::Value::integer(kTaken)}, {"lease_ms", json::Value::integer(kMinLeaseMs)}});
  if (!taken.ok()) {
    if (!is_store_away(taken.error())) give_up("no event can be taken: " + taken.error().code);
    return;
  }
  const json::Value events = parsed(*taken);
  for (const json::Value& event : *events.find("items")->array()) {
    const std::string id = text_of(event, "id");
    const std::int64_t until = shared_.handled.take(shared_.handled.of(id), asked_at + kMinLeaseMs);
    if (until > clock_->now_ms() && is_surely_held(asked_at)) give_up(id + " is given while somebody has it");
  }
  for (const json::Value& event : *events.find("items")->array()) handle(gateway, event, asked_at);
}

// A lease that began then is not over for anybody, whatever machine's clock it is judged by.
bool Shop::is_surely_held(UnixMillis asked_at) const {
  return clock_->now_ms() - asked_at < kMinLeaseMs - kFurthestAheadMs;
}

void Shop::handle(Gateway& gateway, const json::Value& event, UnixMillis asked_at) {
  const std::string id = text_of(event, "id");
  Effect& effect = shared_.handled.of(id);
  if (effect.done && is_surely_held(asked_at)) give_up(id + " was done, and is given again");
  if (random_() % kGivenBack == 0) {
    effect.until = 0;
    return settle(call(gateway, "events.release", named(event)), id);
  }
  if (shared_.handled.take_effect(effect) > 0) ++shared_.handled_again;
  const auto done = call(gateway, "events.done", named(event));
  if (done.ok()) {
    effect.done = true;
    ++shared_.done;
  }
  settle(done, id);
}

// Whoever was too slow is told so, and the event is another one's.
void Shop::settle(const Result<std::string>& answer, const std::string& id) {
  if (answer.ok() || is_store_away(answer.error())) return;
  if (answer.error().code != "lease_lost") give_up(id + " cannot be settled: " + answer.error().code);
  ++shared_.leases_lost;
}

// Every lease is over, and no event comes again before its time.
void Shop::handle_all() {
  clock_->shift(kMaxBackOffMs * 2);
  for (const auto& gateway : gateways_)
    for (std::size_t more = 1; more > 0;) {
      const json::Value events = parsed(must(gateway->call("events.take", R"({"limit":100})"), "events"));
      more = events.find("items")->array()->size();
      for (const json::Value& event : *events.find("items")->array()) {
        Effect& effect = shared_.handled.of(text_of(event, "id"));
        if (effect.done) give_up(text_of(event, "id") + " was done, and is given again");
        if (shared_.handled.take_effect(effect) > 0) ++shared_.handled_again;
        (void)must(gateway->call("events.done", json::write(named(event))), "events.done");
        effect.done = true;
      }
    }
}

}  // namespace till::rounds
