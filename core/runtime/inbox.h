// Inbox: events wait in it until the shop's handler has succeeded.
//
//   waiting -> taken -> done          handled
//                    -> waiting       failed, or given back; due again after a pause
//                    -> dead          failed too often; waits for somebody to replay it
//
// Who takes an event has it until its lease is over; then it is given to the next one, so that a handler that died
// holds up nothing. An event is therefore given at least once, and by its id a handler knows what was handled before.
// Of one payment only the first event that is neither done nor dead is given: a payment's events are handled in their
// order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/store/store.h"

namespace till {

// How long a taker has an event: long enough for an e-mail and a database, short enough that a dead worker's events
// come again soon.
inline constexpr std::int64_t kDefaultLeaseMs = 60'000;
inline constexpr std::int64_t kMinLeaseMs = 1'000;
inline constexpr std::int64_t kMaxLeaseMs = 3'600'000;
// The pause after a failure: the first one, doubling up to the longest, each a quarter longer or shorter by chance.
inline constexpr std::int64_t kFirstBackOffMs = 1'000;
inline constexpr std::int64_t kMaxBackOffMs = 3'600'000;
// The longest pause that a handler may ask for.
inline constexpr std::int64_t kMaxRetryAfterMs = 86'400'000;
// How often an event is given in all: with those pauses that takes about a day. Losing its worker counts, too, so that
// an event that ends every process that handles it comes to rest.
inline constexpr std::int64_t kMaxEventAttempts = 36;
// Events in one take.
inline constexpr std::size_t kMaxTakenEvents = 100;
inline constexpr std::size_t kDefaultTakenEvents = 10;

// The pause after the given number of attempts, 1 or more.
std::int64_t back_off_ms(std::int64_t attempts);

// The inbox within one transaction of the store. Inputs and outputs are those of the operations of the same name:
// docs/schemas/events.*.json and event.json; an input was checked before. Errors: the store's; and
//   kNotFound, code "unknown_event"   there is none of that id, or it is another gateway's
//   kConflict, code "lease_lost"      done, fail and release: the event is not taken under that lease any more; nothing
//                                     has changed
//   kConflict, code "event_open"      replay: the event still waits, or somebody has it
class Inbox {
 public:
  // Text with secrets replaced. Takes no lock.
  using Redact = std::function<std::string(std::string)>;

  // `gateway`: only its events; empty: those of all. `redact` hides the secrets that are known here in what is kept of
  // a failure, and once more where that is shown: who kept it may have known fewer. Empty: there are none.
  Inbox(Store& store, const Clock& clock, std::string gateway, Redact redact)
      : store_(store), clock_(clock), gateway_(std::move(gateway)), redact_(std::move(redact)) {}

  // A page, newest first.
  Result<json::Value> list(const json::Value& input);
  Result<json::Value> get(const json::Value& input);
  // Up to `limit` events that are due, oldest first, each with its payment. One that was taken before comes alone:
  // should it end the process that handles it, it takes no other's attempts with it.
  Result<json::Value> take(const json::Value& input);
  Result<json::Value> done(const json::Value& input);
  // Of `message` kMaxErrorMessageLength bytes are kept, secrets hidden.
  Result<json::Value> fail(const json::Value& input);
  // Gives an event back as if it had not been taken.
  Result<json::Value> release(const json::Value& input);
  Result<json::Value> replay(const json::Value& input);

 private:
  std::string redacted(std::string text) const;
  json::Object event_to_json(const InboxEvent& inbox) const;
  Result<InboxEvent> find(const json::Value& input);
  Result<InboxEvent> find_taken(const json::Value& input);
  Result<json::Value> settle(const InboxEvent& event, EventState state, UnixMillis due_at, std::string_view last_error);
  Result<json::Value> shown(const std::string& id);
  Status hand_out(const InboxEvent& event, json::Array& items);
  Result<json::Value> with_payment(const InboxEvent& event);
  Result<std::vector<InboxEvent>> take_due(EventTaking& taking);
  Status bury(std::vector<InboxEvent>& events);
  Status leave_alone(std::vector<InboxEvent>& events);

  Store& store_;
  const Clock& clock_;
  const std::string gateway_;
  const Redact redact_;
};

}  // namespace till
