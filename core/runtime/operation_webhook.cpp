// Operation, webhooks: the script maps what came in, the store says which payment is meant, and then the operation goes
// on as payments.get of it. What was received moves nothing by itself.
#include <utility>

#include "core/json/json.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"
#include "core/runtime/webhook_input.h"

namespace till {

// A script that cannot make sense of what anybody may send is not at fault.
Error Operation::told(Error error) const {
  const bool reading = operation_ == "webhooks.receive" && !hint_;
  const bool unreadable =
      error.kind == ErrorKind::kInvalidRequest || error.code == "script_error" || error.code == "script_output";
  if (reading && unreadable) error = webhook_rejected("malformed", std::move(error.message));
  return hide_secrets(std::move(error), config(), handles_);
}

void Operation::take_hint(const json::Value& output) {
  auto hint = read_webhook_hint(output);
  if (!hint.ok()) return finish(std::move(hint).error());
  hint_ = *std::move(hint);
  phase_ = Phase::kFind;
  need_ = Need::kStore;
}

Status Operation::find_hinted(Store& store) {
  TILL_ASSIGN(payment_, find_hinted_payment(store, config().name, *hint_));
  return {};
}

void Operation::refetch() {
  if (!payment_) return end(json::write(webhook_result(*hint_, nullptr, false)));
  Status begun = begin_refetch();
  if (!begun.ok()) finish(std::move(begun).error());
}

Status Operation::begin_refetch() {
  const std::string input_json = json::write(json::Object{{"id", payment_->id}});
  operation_ = "payments.get";
  TILL_ASSIGN(input_, read_operation_input(config(), operation_, input_json));
  TILL_TRY(take_its_version(input_json));
  phase_ = Phase::kTalk;
  return run_script();
}

}  // namespace till
