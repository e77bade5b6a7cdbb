// Exchange: the same machine, its requests sent by the host, its store steps waited for.
#include "core/runtime/exchange.h"

#include <algorithm>
#include <utility>

#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/operation.h"

namespace till {

Exchange::Exchange(std::unique_ptr<Operation> operation, std::shared_ptr<Engine> engine)
    : fork_generation_(fork_generation()), operation_(std::move(operation)), engine_(std::move(engine)) {
  settle();
}

Exchange::~Exchange() {
  if (inherited()) {
    new std::shared_ptr<Engine>(std::move(engine_));  // its threads are in another process: never joined
    return;
  }
  auto task = operation_->abandon();
  if (!task) return;
  // Does not wait, so that an exchange may go inside a callback. The task's operation lives until it has run, and may
  // be the last owner of the runtime.
  engine_->change(*std::move(task), [keep = operation_](const Status&) {});
}

bool Exchange::inherited() const { return fork_generation_ != fork_generation(); }

const http::Request* Exchange::request() const {
  return !inherited() && operation_->need() == Operation::Need::kRequest ? &operation_->request() : nullptr;
}

std::int64_t Exchange::wait_ms() const {
  return request() ? std::max<std::int64_t>(send_at_ms_ - operation_->clock().now_ms(), 0) : 0;
}

std::int64_t Exchange::timeout_ms() const { return operation_->send_options().timeout_ms; }

// Takes what the built-in client would: three digits (RFC 9112, section 4), known or not.
Status Exchange::reply(http::Response response) {
  if (response.status < 100 || response.status > 999)
    return invalid_request("$.http_status", "an HTTP status is a number from 100 to 999");
  if (!request()) return {};
  operation_->replied(std::move(response));
  settle();
  return {};
}

void Exchange::fail(Sent sent, std::string message, std::string code) {
  if (!request()) return;
  operation_->failed({.kind = ErrorKind::kTransport,
                      .code = std::move(code),
                      .message = std::move(message),
                      .sent = sent,
                      .retryable = sent == Sent::kNo});
  settle();
}

const Result<std::string>& Exchange::result() const {
  static const Result<std::string> carried_over(
      Error{.kind = ErrorKind::kConflict,
            .code = "inherited_exchange",
            .message = "this exchange was begun before fork() and can only be finished by the process that began it"});
  return inherited() ? carried_over : operation_->result();
}

// Does what the host need not do, and tells it of the waiting that it must do before it sends.
void Exchange::settle() {
  send_at_ms_ = 0;
  for (;;) {
    if (operation_->need() == Operation::Need::kStore) {
      operation_->stored(engine_->store().run(operation_->store_task()));
    } else if (operation_->need() == Operation::Need::kWait) {
      send_at_ms_ = operation_->clock().now_ms() + operation_->wait_ms();
      operation_->waited();
    } else {
      return;
    }
  }
}

}  // namespace till
