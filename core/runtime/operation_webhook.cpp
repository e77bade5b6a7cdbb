// Operation, webhooks: verified, mapped by the script, and then one look into the store decides. What is believed and
// takes the payment on is committed at once, together with the event's key; everything else is a hint, and the
// operation goes on as payments.get of the payment.
#include <utility>

#include "core/json/json.h"
#include "core/plugin/operation_output.h"
#include "core/runtime/engine.h"
#include "core/runtime/gateway.h"
#include "core/runtime/gateway_memory.h"
#include "core/runtime/log.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"
#include "core/runtime/webhook_input.h"

namespace till {
namespace {

constexpr int kTooManyRequests = 429;
constexpr int kServiceUnavailable = 503;

void tell_refusals(StoreQueue& store, const std::shared_ptr<RefusalTransfer>& transfer) {
  store.submit([transfer](Store& into) { return transfer->write(into); },
               [transfer](const Status& status) { transfer->ended(status); });
}

bool is_mismatch(const Error& error) { return error.kind == ErrorKind::kProvider && is_mismatch_code(error.code); }

}  // namespace

Status Operation::take_webhook(std::string_view input_json) {
  auto received = receive_webhook(config(), input_json, clock().now_ms());
  if (!received.ok()) return std::move(received).error();
  input_.value = received->seen;
  webhook_ = std::move(received).value();
  return {};
}

// What was refused is counted, and told to the store now and then: the first one at once, those that follow soon after
// it in one change. That they cannot be told is no reason to fail, and they are told the next time.
void Operation::count_refusal(Gateway& gateway, const Error& error) {
  if (error.kind != ErrorKind::kWebhookRejected) return;
  const auto engine = gateway.runtime().engine();
  const auto clock = gateway.runtime().options().clock;
  const auto counter = gateway.memory().refusals.here();
  counter->count(error.reason, clock->now_ms());
  if (!engine.ok()) return;
  StoreQueue& store = (*engine)->store();
  const auto transfer = std::make_shared<RefusalTransfer>(counter, gateway.name());
  if (transfer->take(clock->now_ms())) return tell_refusals(store, transfer);
  if (!counter->plan()) return;
  // Holds no gateway and no runtime: neither is kept open by it.
  (*engine)->wait_or_close(kRefusalFlushMs, [&store, transfer, clock] {
    if (transfer->take_all(clock->now_ms())) tell_refusals(store, transfer);
  });
}

// A script that cannot make sense of what anybody may send is not at fault.
Error Operation::told(Error error) const {
  const bool reading = webhook_ && !news_;
  const bool unreadable =
      error.kind == ErrorKind::kInvalidRequest || error.code == "script_error" || error.code == "script_output";
  if (reading && unreadable) error = webhook_rejected("malformed", std::move(error.message));
  return hide_secrets(std::move(error), config(), handles_);
}

void Operation::take_news(json::Value output) {
  json::Value shown = redacted(config(), handles_.shown(std::move(output), false));
  if (json::Value* payment = shown.object() ? shown.object()->find("payment") : nullptr)
    *payment = bounded_raw(std::move(*payment));
  auto news = read_webhook_news(std::move(shown));
  if (!news.ok()) return finish(std::move(news).error());
  // A word of the provider's own may be newer than the plugin. Refusing it would lose news of a payment.
  if (const Status known = plugin::check_event(config().manifest(), news->event); !known.ok())
    write_log("warn", config().manifest().id + " " + operation_,
              hide_secrets(known.error(), config(), handles_).message);
  news_ = *std::move(news);
  phase_ = Phase::kFind;
  need_ = Need::kStore;
}

void Operation::answer_webhook(WebhookOutcome outcome) {
  ready_.emplace(json::write(webhook_result(*webhook_, *news_, std::move(outcome))));
}

WebhookOutcome::Trust Operation::told_trust() const {
  return webhook_->is_believed() ? WebhookOutcome::Trust::kSigned : WebhookOutcome::Trust::kUnverified;
}

// Keeps the event's key and what came; false when it was kept before. A hint has no key of its own, and is kept only
// while nobody knows its payment.
Result<bool> Operation::claim_event(Store& store, WebhookState state) {
  if (webhook_->event_key.empty() && state == WebhookState::kDone) return true;
  Webhook record = webhook_record(config(), *webhook_, *news_, clock());
  record.state = state;
  if (payment_) record.payment_id = payment_->id;
  return store.claim_webhook(record);
}

// A webhook whose key was seen before, when the key is no id: two changes of a payment may have been told in the same
// words. Asking about it does no harm.
bool Operation::may_be_news() const {
  if (webhook_->has_event_id || !payment_) return false;
  if (!news_->told || !webhook_->is_believed()) return true;
  const auto change = apply(*payment_, *news_->told, clock().now_ms());
  return change.ok() && change->status_changed;
}

// One transaction, which the store may run again. Either it ends with an answer, or the payment is to be fetched.
Status Operation::place_news(Store& store) {
  ready_.reset();
  changed_ = false;
  TILL_ASSIGN(payment_, find_told_payment(store, config().name, *news_, webhook_->is_authentic()));
  if (!webhook_->event_key.empty()) {
    TILL_ASSIGN(const bool seen, store.has_webhook(config().name, webhook_->event_key));
    if (seen && !may_be_news()) return answer_duplicate(), Status();
    if (seen) return {};
  }
  if (!payment_) return keep_unmatched(store);
  payment_ = expected(*std::move(payment_));
  if (webhook_->is_believed() && news_->told) return commit_told(store);
  if (webhook_->is_authentic()) return {};
  return limit_hints(store);
}

void Operation::answer_duplicate() {
  answer_webhook(
      {.payment = payment_ ? payment_to_json(*payment_) : json::Value(), .trust = told_trust(), .duplicate = true});
}

// Kept for the payment that may come to be known: create's own answer may still be under way.
Status Operation::keep_unmatched(Store& store) {
  const bool names = news_->names_payment();
  WebhookOutcome outcome{.trust = told_trust(), .reason = names ? "unknown_payment" : "no_payment"};
  if (names || !webhook_->event_key.empty()) {
    TILL_ASSIGN(const bool fresh, claim_event(store, names ? WebhookState::kUnmatched : WebhookState::kDone));
    outcome.duplicate = !fresh;
    if (fresh && !webhook_->is_believed()) TILL_TRY(store.trim_unmatched(config().name, kMaxUnmatchedHints));
  }
  answer_webhook(std::move(outcome));
  return {};
}

// What is signed is an observation like any other. One that contradicts the payment changes nothing, and would not the
// next time either; one that is late, or may be, leaves it to the provider to say how things stand.
Status Operation::commit_told(Store& store) {
  auto change = apply(*payment_, *news_->told, clock().now_ms());
  if (!change.ok()) return refuse_told(store, change.error());
  const bool late = !may_change(payment_->status, news_->told->status.value_or(payment_->status));
  if (!late && !goes_on(*payment_, *news_->told)) return {};
  TILL_ASSIGN(const bool fresh, claim_event(store, WebhookState::kDone));
  if (!fresh) return answer_duplicate(), Status();
  if (!late) TILL_TRY(keep(store, *payment_, *change));
  answer_webhook({.payment = payment_to_json(late ? *payment_ : change->payment),
                  .trust = WebhookOutcome::Trust::kSigned,
                  .changed = changed_,
                  .reason = late ? "late" : ""});
  return {};
}

// The contradiction stands in the payment's history, once for each event that has it.
Status Operation::refuse_told(Store& store, const Error& why) {
  WebhookOutcome outcome{.payment = payment_to_json(*payment_), .trust = told_trust(), .reason = why.code};
  if (!webhook_->event_key.empty()) {
    TILL_ASSIGN(const bool fresh, claim_event(store, WebhookState::kDone));
    outcome.duplicate = !fresh;
    if (fresh) TILL_TRY(store.add_event(mismatch_event(*payment_, why.code, "webhook", clock())));
  }
  answer_webhook(std::move(outcome));
  return {};
}

// Nothing is lost: the payment is looked at when it is allowed again. However often this task is run, it is one hint.
Status Operation::limit_hints(Store& store) {
  if (!hint_limit_) hint_limit_ = gateway_->memory().hints.later(payment_->id, clock().now_ms());
  if (!*hint_limit_) return {};
  TILL_TRY(store.hasten_payment(payment_->id, **hint_limit_));
  answer_webhook({.payment = payment_to_json(*payment_), .reason = "too_many", .http_status = kTooManyRequests});
  return {};
}

void Operation::refetch() {
  if (ready_) return end(*std::move(ready_));
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

// The truth that was fetched, and the event that asked for it.
Status Operation::commit_fetched(Store& store) {
  auto payment = commit_result(store);
  if (!payment.ok() && is_store_error(payment.error())) return std::move(payment).error();
  if (!payment.ok() && is_mismatch(payment.error())) return refuse_told(store, payment.error());
  if (!payment.ok()) return commit_unfetched(store, payment.error());
  TILL_ASSIGN(const bool fresh, claim_event(store, WebhookState::kDone));
  answer_webhook({.payment = *std::move(payment),
                  .trust = WebhookOutcome::Trust::kRefetched,
                  .duplicate = !fresh,
                  .changed = changed_});
  return {};
}

// The sender is asked to come again, and if it does not, the payment is due for a look.
Status Operation::commit_unfetched(Store& store, const Error& why) {
  write_log("warn", config().name, "a webhook's payment " + payment_->id + " could not be fetched: " + why.code);
  TILL_TRY(store.hasten_payment(payment_->id, clock().now_ms()));
  answer_webhook({.payment = payment_to_json(*payment_), .reason = "not_fetched", .http_status = kServiceUnavailable});
  return {};
}

// Webhooks that came before the payment was known by this id: the provider is to be asked at once.
Status Operation::match_webhooks(Store& store, const Payment& payment) {
  TILL_ASSIGN(const auto waiting,
              store.match_webhooks(payment.gateway, payment.provider_id, payment.reference, payment.id));
  return waiting > 0 ? store.hasten_payment(payment.id, clock().now_ms()) : Status();
}

}  // namespace till
