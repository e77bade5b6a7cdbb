// Exchange: the same machine, its requests sent by the host, its store steps waited for.
#include "core/runtime/exchange.h"

#include <utility>

#include "core/runtime/engine.h"
#include "core/runtime/operation.h"

namespace till {

Exchange::Exchange(std::unique_ptr<Operation> operation, std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)), operation_(std::move(operation)) {
  settle_store();
}

Exchange::~Exchange() {
  if (auto task = operation_->abandon()) (void)engine_->store().run(*std::move(task));
}

const http::Request* Exchange::request() const {
  return operation_->need() == Operation::Need::kRequest ? &operation_->request() : nullptr;
}

std::int64_t Exchange::timeout_ms() const { return operation_->send_options().timeout_ms; }

void Exchange::reply(http::Response response) {
  if (!request()) return;
  operation_->replied(std::move(response));
  settle_store();
}

void Exchange::fail(Error error) {
  if (!request()) return;
  operation_->failed(std::move(error));
  settle_store();
}

const Result<std::string>& Exchange::result() const { return operation_->result(); }

void Exchange::settle_store() {
  while (operation_->need() == Operation::Need::kStore)
    operation_->stored(engine_->store().run(operation_->store_task()));
}

}  // namespace till
