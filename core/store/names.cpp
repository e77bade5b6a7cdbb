// The words by which the store calls its states.
#include "core/store/store.h"

namespace till {

std::string_view write_state_name(WriteState state) {
  switch (state) {
    case WriteState::kInFlight:
      return "in_flight";
    case WriteState::kDone:
      return "done";
    case WriteState::kUnknown:
      return "unknown";
  }
  return "unknown";
}

std::string_view event_state_name(EventState state) {
  switch (state) {
    case EventState::kWaiting:
      return "waiting";
    case EventState::kTaken:
      return "taken";
    case EventState::kDone:
      return "done";
    case EventState::kDead:
      return "dead";
  }
  return "dead";
}

std::optional<EventState> event_state_from_name(std::string_view name) {
  for (const EventState state : {EventState::kWaiting, EventState::kTaken, EventState::kDone, EventState::kDead})
    if (event_state_name(state) == name) return state;
  return std::nullopt;
}

std::string_view webhook_state_name(WebhookState state) { return state == WebhookState::kDone ? "done" : "unmatched"; }

}  // namespace till
