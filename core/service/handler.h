// Handler: gives the inbox's events to the shop over HTTP, each until the shop has taken it.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "core/base/result.h"
#include "core/http/client.h"
#include "core/service/config.h"

namespace till::service {

struct Surroundings;

// Takes events of all gateways and POSTs each to the shop's address as JSON, signed as Standard Webhooks has it. A 2xx
// ends the event; anything else brings it again after a pause (core/runtime/inbox.h). One event comes at least once:
// its id, in "webhook-id", is the same each time. Threads of its own.
class Handler {
 public:
  // Begins at once.
  static Result<std::unique_ptr<Handler>> open(std::shared_ptr<Surroundings> around, const HandlerSetup& setup);
  // What is with the shop is given up, and comes again when its lease is over.
  ~Handler();
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  // Takes no more events, and waits for those that are with the shop for at most `timeout_ms`. True when none is left,
  // and what had been taken for the shop is given back.
  bool finish(std::int64_t timeout_ms);

 private:
  class State;
  explicit Handler(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace till::service
