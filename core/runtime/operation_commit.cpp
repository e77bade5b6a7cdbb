// Operation, the end: what is known becomes durable, in one transaction, before the caller hears of it. Replies and
// polls change a payment here and nowhere else.
#include <utility>

#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/base/random.h"
#include "core/base/time.h"
#include "core/json/json.h"
#include "core/payment/looks.h"
#include "core/payment/refund.h"
#include "core/plugin/operation_output.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

constexpr std::string_view kOwnerMismatch = "owner_mismatch";

// Whether a refusal says something of the payment, and not of the shop: its credentials, its base_url or its haste.
bool is_about_payment(ErrorKind refusal) {
  return refusal != ErrorKind::kAuthentication && refusal != ErrorKind::kPermissionDenied &&
         refusal != ErrorKind::kNotFound && refusal != ErrorKind::kRateLimited;
}

json::Value member_or_null(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  return member ? *member : json::Value();
}

// docs/schemas/refund.json, from what a script returned; `earlier` is what the store has of it, or null.
Result<json::Value> refund_view(const Payment& payment, const json::Value& seen, const json::Value* earlier,
                                const Clock& clock) {
  json::Value amount = member_or_null(seen, "amount");
  if (!amount.is_null()) {
    TILL_ASSIGN(const Money checked, money_from_json(amount, "$.amount"));
    amount = money_to_json(checked);
  }
  const auto created_at = seen.find_integer("created_at");
  const auto kept = [&](std::string_view key, const json::Value& otherwise) {
    return earlier && earlier->find(key) && !earlier->find(key)->is_null() ? *earlier->find(key) : otherwise;
  };
  return json::Value(
      json::Object{{"id", kept("id", new_id("re_", clock))},
                   {"payment_id", payment.id},
                   {"provider", payment.provider},
                   {"provider_id", earlier ? member_or_null(*earlier, "provider_id") : member_or_null(seen, "id")},
                   {"status", member_or_null(seen, "status")},
                   {"amount", amount.is_null() ? kept("amount", json::Value()) : amount},
                   {"reason", kept("reason", json::Value())},
                   {"created_at", kept("created_at", format_iso_time(created_at.value_or(clock.now_ms())))},
                   {"raw", member_or_null(seen, "raw")}});
}

json::Value without_raw(json::Value refund) {
  refund.object()->erase("raw");
  return refund;
}

// Puts what was seen of a refund in its place among the payment's, which are the index's, and returns it.
Result<json::Value> merge_refund(const Payment& payment, RefundIndex& known, const json::Value& seen,
                                 const Clock& clock) {
  json::Value* earlier = known.find(seen.find_string("id").value_or(""));
  TILL_ASSIGN(json::Value refund, refund_view(payment, seen, earlier, clock));
  if (earlier)
    *earlier = without_raw(refund);
  else
    known.append(without_raw(refund));
  return refund;
}

Status check_refund_count(std::size_t count) {
  if (count <= kMaxRefunds) return {};
  return Error{.kind = ErrorKind::kProvider,
               .code = "too_many_refunds",
               .message = "the provider tells of more than " + std::to_string(kMaxRefunds) + " refunds of one payment"};
}

}  // namespace

Status Operation::commit(Store& store) {
  changed_ = settled_ = false;
  if (news_) return error_ ? commit_unfetched(store, *error_) : commit_fetched(store);
  if (write_ || settlement_) {
    TILL_ASSIGN(const auto recorded, store.find_write(settlement_ ? settlement_->write.id : write_->id));
    if (recorded && recorded->state == WriteState::kDone) return answer_settled(store, *recorded);
  }
  return error_ ? commit_error(store, *error_) : commit_output(store);
}

// Somebody was faster: reconcile or a person, that took this call's sender for dead, the sender after all, or another
// reconcile whose question took less long. What was settled stands, and nothing else of the payment is taken for this
// write's.
Status Operation::answer_settled(Store& store, const Write& recorded) {
  settled_ = settlement_.has_value();
  if (settled_ && settlement_->by_hand) {
    TILL_ASSIGN(const auto payment, store.find_payment(recorded.payment_id));
    ready_.emplace(settled_before(recorded, payment, settlement_->provider_id));
  } else if (settled_) {
    ready_.emplace(recorded.outcome);
  } else if (output_ && recorded.outcome == kNotDone) {
    ready_.emplace(done_after_all(recorded));
  } else {
    ready_.emplace(earlier_outcome(config(), recorded, *write_, clock().now_ms()));
  }
  return {};
}

// A refusal frees the idempotency key: nothing happened, so the caller may mend the cause and call again. What may have
// happened stays, and says so.
Status Operation::commit_error(Store& store, Error error) {
  if (error.kind == ErrorKind::kOutcomeUnknown) {
    ready_.emplace(std::move(error));
    return store.settle_write(write_->id, WriteState::kUnknown, "", clock().now_ms());
  }
  TILL_TRY(store.forget_write(write_->id));
  const bool creates = operation_ == "payments.create";
  if (creates && !(refused_ && is_about_payment(error.kind))) {
    TILL_TRY(store.forget_payment(payment_->id));
    error.payment_id.clear();
  }
  ready_.emplace(error);
  if (!creates || error.payment_id.empty()) return {};
  payment_->status = PaymentStatus::kFailed;
  payment_->outcome = Outcome::kKnown;
  payment_->decline = json::Object{{"code", error.provider_code}, {"message", error.message}};
  payment_->updated_at = clock().now_ms();
  TILL_TRY(store.put_payment(*payment_));
  return store.add_event(payment_event(*payment_, "payment.failed", "reply", clock()));
}

Status Operation::commit_output(Store& store) {
  auto value = commit_result(store);
  if (!value.ok()) {
    if (is_store_error(value.error())) return std::move(value).error();
    return commit_unfit(store, hide_secrets(std::move(value).error(), config(), handles_));
  }
  if (settlement_) TILL_TRY(settle(store, *value));
  std::string text = json::write(*value);
  ready_.emplace(text);
  if (!write_ || settlement_) return {};
  return store.settle_write(write_->id, WriteState::kDone, returns_secrets_ ? std::string() : text, clock().now_ms());
}

// What cannot be the answer to what was asked. Nobody should take it for the outcome of a write: the provider acted,
// and not as it was asked to.
Status Operation::commit_unfit(Store& store, Error error) {
  if (error.sent == Sent::kNo && answered_) error.sent = Sent::kYes;
  if (payment_) error.payment_id = payment_->id;
  const bool is_own_write = write_ && !settlement_;
  if (is_own_write && !acted_) return commit_error(store, std::move(error));
  if (!is_own_write) return ready_.emplace(std::move(error)), Status();
  const std::string reason = error.code;
  ready_.emplace(unknown_outcome(std::move(error)));
  return commit_mismatch(store, reason);
}

// What the provider calls the payment is kept, so that it can be asked about and refunded.
Status Operation::commit_mismatch(Store& store, const std::string& reason) {
  if (operation_ == "payments.create") {
    TILL_ASSIGN(payment_, current_payment(store));
    if (reason != kOwnerMismatch) payment_->provider_id = output_->find_string("id").value_or("");
    payment_->raw = member_or_null(*output_, "raw");
    payment_->updated_at = clock().now_ms();
    TILL_TRY(store.put_payment(*payment_));
    TILL_TRY(store.add_event(mismatch_event(*payment_, reason, "reply", clock())));
    TILL_TRY(match_webhooks(store, *payment_));
  }
  if (operation_ == "refunds.create" && is_mismatch_code(reason)) TILL_TRY(commit_other_refund(store, reason));
  return store.settle_write(write_->id, WriteState::kUnknown, "", clock().now_ms());
}

Result<json::Value> Operation::commit_result(Store& store) {
  TILL_TRY(plugin::check_operation_output(operation_, *output_));
  if (operation_ == "payments.list") return settlement_ ? commit_candidates(store) : commit_page(store);
  if (operation_.starts_with("payments.")) return commit_payment(store);
  if (operation_ == "refunds.list") return commit_refunds(store);
  if (operation_.starts_with("refunds.")) return commit_refund(store);
  return *output_;
}

// The payment as the store has it now: another call may have changed it since this one looked it up.
Result<Payment> Operation::current_payment(Store& store) const {
  if (payment_->id.empty()) return *payment_;
  TILL_ASSIGN(auto found, store.find_payment(payment_->id));
  Payment current = expected(found ? *std::move(found) : *payment_);
  if (settlement_) TILL_TRY(claim_found(store, current));
  return current;
}

// A payment that was made before the settings named the account is held to it from now on.
Payment Operation::expected(Payment payment) const {
  if (payment.account.empty()) payment.account = config().account;
  return payment;
}

Status Operation::keep(Store& store, const Payment& before, Change& change) {
  changed_ = change.status_changed;
  if (change.payment.id.empty()) return {};
  if (config().manifest().capabilities.contains("payments.get"))
    change.payment.look_at = next_look(change.payment, clock().now_ms(), random_byte());
  TILL_TRY(store.put_payment(change.payment));
  if (settlement_ || before.provider_id != change.payment.provider_id) TILL_TRY(match_webhooks(store, change.payment));
  const std::string found_by = settlement_ && settlement_->by_hand ? "settle" : "reconcile";
  const std::string source = settlement_ ? found_by : is_write_ ? "reply" : news_ ? "webhook" : "poll";
  if (change.became_known) TILL_TRY(store.add_event(payment_event(change.payment, "payment.created", source, clock())));
  if (!change.status_changed) return {};
  const std::string type = "payment." + std::string(payment_status_name(change.payment.status));
  return store.add_event(payment_event(change.payment, type, source, clock()));
}

Result<json::Value> Operation::commit_payment(Store& store) {
  TILL_ASSIGN(const Observation seen, read_observation(*output_));
  TILL_ASSIGN(Payment current, current_payment(store));
  if ((settlement_ ? settlement_->write.operation : operation_) == "payments.accept") current.accepted = true;
  TILL_TRY(check_owner(store, current, seen.provider_id));
  TILL_TRY(check_named(current, seen));
  TILL_ASSIGN(Change change, apply(current, seen, clock().now_ms()));
  if (!is_write_ && has_moved(current) && goes_back(current, seen)) return keep_newer(store, current);
  TILL_TRY(keep(store, current, change));
  return payment_to_json(change.payment);
}

// One payment of the provider's is one of ours.
Status Operation::check_owner(Store& store, const Payment& payment, const std::string& provider_id) const {
  if (payment.id.empty() || provider_id.empty() || !payment.provider_id.empty()) return {};
  TILL_ASSIGN(const auto owner, store.find_payment_by_provider_id(payment.gateway, provider_id));
  if (!owner || owner->id == payment.id) return {};
  return mismatch(std::string(kOwnerMismatch), "the provider answered with a payment that is known as " + owner->id);
}

// Whether the payment is not any more as it was when the question about it was prepared: the answer may be the older
// one.
bool Operation::has_moved(const Payment& current) const {
  return payment_ && (payment_->status != current.status || payment_->amount_paid != current.amount_paid ||
                      payment_->amount_refunded != current.amount_refunded);
}

// What would move a payment back, and may be late, says nothing; the provider is asked again.
Result<json::Value> Operation::keep_newer(Store& store, const Payment& current) {
  TILL_TRY(store.hasten_payment(current.id, clock().now_ms()));
  return payment_to_json(current);
}

Result<json::Value> Operation::commit_page(Store& store) {
  json::Array views;
  for (const json::Value& item : *output_->find("items")->array()) {
    TILL_ASSIGN(json::Value view, commit_page_item(store, item));
    views.push_back(std::move(view));
  }
  return json::Value(json::Object{{"items", std::move(views)},
                                  {"next", member_or_null(*output_, "next")},
                                  {"total", member_or_null(*output_, "total")}});
}

// A listed payment that is one of ours is ours, with what the list says of it; any other is shown as the provider has
// it.
Result<json::Value> Operation::commit_page_item(Store& store, const json::Value& item) {
  TILL_ASSIGN(const Observation seen, read_observation(item));
  std::optional<Payment> ours;
  if (!seen.provider_id.empty()) {
    TILL_ASSIGN(ours, store.find_payment_by_provider_id(config().name, seen.provider_id));
  }
  auto change = apply(ours ? *ours : blank_payment(config()), seen, clock().now_ms());
  if (!change.ok()) return ours ? Result<json::Value>(payment_to_json(*ours)) : Result<json::Value>(change.error());
  const bool may_be_older = ours && ours->updated_at >= started_at_;
  if (may_be_older && goes_back(*ours, seen)) return keep_newer(store, *ours);
  if (ours && change->status_changed) TILL_TRY(keep(store, *ours, *change));
  return payment_to_json(change->payment);
}

Result<json::Value> Operation::commit_refund(Store& store) {
  TILL_ASSIGN(Payment payment, current_payment(store));
  if (operation_ == "refunds.create") TILL_TRY(check_told_refund(payment));
  const std::size_t known = payment.refunds.size();
  RefundIndex index(payment.refunds);
  TILL_ASSIGN(json::Value refund, merge_refund(payment, index, *output_, clock()));
  if (payment.refunds.size() > known) TILL_TRY(check_refund_count(payment.refunds.size()));
  if (operation_ == "refunds.create" && claim_refund(payment, refund)) {
    if (refund.find("amount")->is_null() && input_.amount)
      refund.object()->set("amount", money_to_json(*input_.amount));
    refund.object()->set("reason", member_or_null(input_.value, "reason"));
    for (json::Value& one : payment.refunds)
      if (one.find_string("id") == refund.find_string("id")) one = without_raw(refund);
    TILL_TRY(store.add_event(refund_event(payment, refund, "reply", clock())));
  }
  payment.updated_at = clock().now_ms();
  TILL_TRY(store.put_payment(payment));
  return refund;
}

// Another refund than the one that was asked for went out: it belongs to the payment as it was told, so that it can be
// asked about and counts among what went back.
Status Operation::commit_other_refund(Store& store, const std::string& reason) {
  TILL_ASSIGN(Payment payment, current_payment(store));
  RefundIndex index(payment.refunds);
  TILL_ASSIGN(const json::Value refund, merge_refund(payment, index, *output_, clock()));
  claim_refund(payment, refund);
  payment.updated_at = clock().now_ms();
  TILL_TRY(store.put_payment(payment));
  return store.add_event(mismatch_event(payment, reason, "reply", clock()));
}

Result<json::Value> Operation::commit_refunds(Store& store) {
  const json::Array& items = *output_->find("items")->array();
  TILL_TRY(check_refund_count(items.size()));
  TILL_ASSIGN(Payment payment, current_payment(store));
  const Payment before = payment;
  RefundIndex index(payment.refunds);
  json::Array views;
  for (const json::Value& item : items) {
    TILL_ASSIGN(json::Value refund, merge_refund(payment, index, item, clock()));
    views.push_back(std::move(refund));
  }
  if (payment.refunds.size() > before.refunds.size()) TILL_TRY(check_refund_count(payment.refunds.size()));
  json::Value ours;
  if (settlement_) {
    TILL_ASSIGN(ours, settled_refund(store, before, payment));
  }
  TILL_TRY(store.put_payment(payment));
  if (settlement_) return ours;
  return json::Value(json::Object{{"items", std::move(views)}, {"next", json::Value()}, {"total", json::Value()}});
}

}  // namespace till
