// Inbox: who may have an event, for how long, and when it comes again.
#include "core/runtime/inbox.h"

#include <algorithm>
#include <cstring>

#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/base/random.h"
#include "core/base/time.h"
#include "core/base/utf8.h"
#include "core/json/json.h"

namespace till {
namespace {

constexpr std::string_view kVanished = "every worker that had this event went away without saying how it ended";

Error unknown_event() {
  return {
      .kind = ErrorKind::kNotFound, .code = "unknown_event", .message = "there is no such event here", .field = "$.id"};
}

Error lease_lost() {
  return {.kind = ErrorKind::kConflict,
          .code = "lease_lost",
          .message =
              "this event is not taken under that lease any more: its time was over, or it was ended already; another "
              "handler may have it now"};
}

bool is_open(EventState state) { return state == EventState::kWaiting || state == EventState::kTaken; }

// A number from 0 to `below` - 1.
std::int64_t chance(std::int64_t below) {
  std::uint64_t number = 0;
  const std::string bytes = random_bytes(sizeof number);
  std::memcpy(&number, bytes.data(), sizeof number);
  return static_cast<std::int64_t>(number % static_cast<std::uint64_t>(below));
}

}  // namespace

std::int64_t back_off_ms(std::int64_t attempts) {
  std::int64_t pause = kFirstBackOffMs;
  for (std::int64_t i = 1; i < attempts && pause < kMaxBackOffMs; ++i) pause *= 2;
  pause = std::min(pause, kMaxBackOffMs);
  return pause - pause / 4 + chance(pause / 2 + 1);
}

std::string Inbox::redacted(std::string text) const {
  return redact_ && !text.empty() ? redact_(std::move(text)) : text;
}

// docs/schemas/event.json, without the payment. The lease is told to its taker only.
json::Object Inbox::event_to_json(const InboxEvent& inbox) const {
  const Event& event = inbox.event;
  auto detail = json::parse(event.detail, {.max_bytes = event.detail.size()});
  const bool waits_until = is_open(inbox.state) && inbox.due_at > 0;  // 0: not taken yet
  return {{"id", event.id},
          {"type", event.type},
          {"payment_id", json::text_or_null(event.payment_id)},
          {"gateway", event.gateway},
          {"source", event.source},
          {"at", format_iso_time(event.at)},
          {"detail", detail.ok() ? *std::move(detail) : json::Value()},
          {"state", event_state_name(inbox.state)},
          {"attempts", json::Value::integer(inbox.attempts)},
          {"due_at", waits_until ? json::Value(format_iso_time(inbox.due_at)) : json::Value()},
          {"lease", nullptr},
          {"last_error", json::text_or_null(redacted(inbox.last_error))}};
}

Result<json::Value> Inbox::list(const json::Value& input) {
  InboxQuery query{.gateway = gateway_,
                   .payment_id = text_of(input, "payment_id"),
                   .state = event_state_from_name(text_of(input, "state")),
                   .before_id = text_of(input, "cursor")};
  const auto limit =
      static_cast<std::size_t>(input.find_integer("limit").value_or(static_cast<std::int64_t>(InboxQuery().limit)));
  query.limit = limit + 1;  // one more tells whether there is another page
  TILL_ASSIGN(std::vector<InboxEvent> found, store_.list_inbox(query));
  const bool more = found.size() > limit;
  if (more) found.pop_back();
  json::Array items;
  for (const InboxEvent& one : found) items.emplace_back(event_to_json(one));
  return json::Value(json::Object{{"items", std::move(items)},
                                  {"next", more ? json::Value(found.back().event.id) : json::Value()},
                                  {"total", nullptr}});
}

Result<json::Value> Inbox::get(const json::Value& input) {
  TILL_ASSIGN(const InboxEvent event, find(input));
  return with_payment(event);
}

Result<json::Value> Inbox::take(const json::Value& input) {
  const UnixMillis now_ms = clock_.now_ms();
  EventTaking taking{.gateway = gateway_,
                     .now_ms = now_ms,
                     .lease_until = now_ms + input.find_integer("lease_ms").value_or(kDefaultLeaseMs),
                     .lease = new_id("lse_", clock_),
                     .limit = static_cast<std::size_t>(
                         input.find_integer("limit").value_or(static_cast<std::int64_t>(kDefaultTakenEvents)))};
  json::Array items;
  for (bool all_failed = true; items.empty() && all_failed;) {
    TILL_ASSIGN(const std::vector<InboxEvent> taken, take_due(taking));
    all_failed = !taken.empty();
    for (const InboxEvent& one : taken) TILL_TRY(hand_out(one, items));
  }
  return json::Value(json::Object{{"items", std::move(items)}});
}

// An event whose payment cannot be read fails by itself, and holds up no other payment's.
Status Inbox::hand_out(const InboxEvent& event, json::Array& items) {
  auto item = with_payment(event);
  if (item.ok()) {
    item->object()->set("lease", event.lease);
    items.push_back(*std::move(item));
    return {};
  }
  if (item.error().code != kUnreadablePayment) return std::move(item).error();
  const bool last = event.attempts >= kMaxEventAttempts;
  const UnixMillis again_at = last ? 0 : clock_.now_ms() + back_off_ms(event.attempts);
  const EventState state = last ? EventState::kDead : EventState::kWaiting;
  TILL_ASSIGN(const bool settled,
              store_.settle_event(event.event.id, event.lease, state, again_at, item.error().message));
  return settled ? Status() : Status(lease_lost());
}

// Again, as long as all that comes has to be buried: what waited behind it is due now.
Result<std::vector<InboxEvent>> Inbox::take_due(EventTaking& taking) {
  for (;;) {
    TILL_ASSIGN(std::vector<InboxEvent> events, store_.take_events(taking));
    if (events.empty()) return events;
    TILL_TRY(bury(events));
    if (events.empty()) continue;
    TILL_TRY(leave_alone(events));
    return events;
  }
}

Status Inbox::bury(std::vector<InboxEvent>& events) {
  for (const InboxEvent& one : events)
    if (one.attempts > kMaxEventAttempts)
      TILL_TRY(store_.settle_event(one.event.id, one.lease, EventState::kDead, 0,
                                   one.last_error.empty() ? kVanished : one.last_error));
  std::erase_if(events, [](const InboxEvent& one) { return one.attempts > kMaxEventAttempts; });
  return {};
}

Status Inbox::leave_alone(std::vector<InboxEvent>& events) {
  const auto tried = [](const InboxEvent& one) { return one.attempts > 1; };
  const auto end = tried(events.front()) ? events.begin() + 1 : std::find_if(events.begin(), events.end(), tried);
  for (auto one = end; one != events.end(); ++one)
    TILL_TRY(store_.release_event(one->event.id, one->lease, clock_.now_ms()));
  events.erase(end, events.end());
  return {};
}

Result<json::Value> Inbox::done(const json::Value& input) {
  TILL_ASSIGN(const InboxEvent event, find_taken(input));
  return settle(event, EventState::kDone, 0, "");
}

Result<json::Value> Inbox::fail(const json::Value& input) {
  TILL_ASSIGN(const InboxEvent event, find_taken(input));
  const std::string message = cut_utf8(redacted(text_of(input, "message")), kMaxErrorMessageLength);
  if (event.attempts >= kMaxEventAttempts) return settle(event, EventState::kDead, 0, message);
  const std::int64_t pause = input.find_integer("retry_after_ms").value_or(back_off_ms(event.attempts));
  return settle(event, EventState::kWaiting, clock_.now_ms() + pause, message);
}

Result<json::Value> Inbox::release(const json::Value& input) {
  TILL_ASSIGN(const InboxEvent event, find_taken(input));
  TILL_ASSIGN(const bool released, store_.release_event(event.event.id, event.lease, clock_.now_ms()));
  if (!released) return lease_lost();
  return shown(event.event.id);
}

Result<json::Value> Inbox::replay(const json::Value& input) {
  TILL_ASSIGN(const InboxEvent event, find(input));
  TILL_ASSIGN(const bool replayed, store_.replay_event(event.event.id, clock_.now_ms()));
  if (replayed) return shown(event.event.id);
  return Error{.kind = ErrorKind::kConflict,
               .code = "event_open",
               .message = "only an event that is done or dead can be replayed; this one is " +
                          std::string(event_state_name(event.state)),
               .field = "$.id"};
}

Result<InboxEvent> Inbox::find(const json::Value& input) {
  TILL_ASSIGN(std::optional<InboxEvent> found, store_.find_event(text_of(input, "id")));
  if (!found || (!gateway_.empty() && found->event.gateway != gateway_)) return unknown_event();
  return *std::move(found);
}

// A lease whose time is over is gone, even while nobody else has taken the event yet.
Result<InboxEvent> Inbox::find_taken(const json::Value& input) {
  TILL_ASSIGN(InboxEvent event, find(input));
  if (event.state != EventState::kTaken || event.lease != text_of(input, "lease")) return lease_lost();
  if (event.due_at <= clock_.now_ms()) return lease_lost();
  return event;
}

Result<json::Value> Inbox::settle(const InboxEvent& event, EventState state, UnixMillis due_at,
                                  std::string_view last_error) {
  TILL_ASSIGN(const bool settled, store_.settle_event(event.event.id, event.lease, state, due_at, last_error));
  if (!settled) return lease_lost();
  return shown(event.event.id);
}

Result<json::Value> Inbox::shown(const std::string& id) {
  TILL_ASSIGN(const std::optional<InboxEvent> found, store_.find_event(id));
  if (!found) return unknown_event();
  return json::Value(event_to_json(*found));
}

Result<json::Value> Inbox::with_payment(const InboxEvent& event) {
  json::Object shown = event_to_json(event);
  TILL_ASSIGN(const std::optional<Payment> payment, store_.find_payment(event.event.payment_id));
  shown.set("payment", payment ? payment_to_json(*payment) : json::Value());
  return json::Value(std::move(shown));
}

}  // namespace till
