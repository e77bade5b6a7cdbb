// Operation, settling: what a provider says of a write whose answer never came, judged and committed in one transaction
// with what it says of the payment.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.h"
#include "core/json/json.h"
#include "core/payment/likeness.h"
#include "core/payment/refund.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

// Unsettled writes of a gateway that are looked through for a twin.
constexpr std::size_t kMaxTwins = 1'000;

bool is_end(std::string_view status) {
  return status == "paid" || status == "expired" || status == "cancelled" || status == "failed";
}

// The refunds, by our ids, that are known to be the outcome of a write. Of those that an older till made only their
// events tell, and these may have been pruned.
Result<std::set<std::string>> claimed_refunds(Store& store, const Payment& payment) {
  TILL_ASSIGN(const auto events, store.list_events(payment.id));
  std::set<std::string> ids(payment.made_refunds.begin(), payment.made_refunds.end());
  for (const Event& event : events) {
    if (event.type != "refund.created") continue;
    TILL_ASSIGN(const json::Value detail, json::parse(event.detail));
    if (const auto id = detail.find_string("refund_id")) ids.emplace(*id);
  }
  return ids;
}

// Whether another write of the same kind on the same payment waits for its end: one refund cannot be two.
Result<bool> has_twin(Store& store, const Write& write) {
  TILL_ASSIGN(const auto writes,
              store.list_writes({.gateway = write.gateway, .only_unsettled = true, .limit = kMaxTwins}));
  return std::any_of(writes.begin(), writes.end(), [&](const Write& other) {
    return other.id != write.id && other.operation == write.operation && other.payment_id == write.payment_id;
  });
}

// When a refund was made: as the provider says, else when the store first saw it; nullopt: never said and never seen.
std::optional<UnixMillis> refund_time(const json::Value& seen, const json::Value* earlier) {
  if (const auto said = seen.find_integer("created_at")) return *said;
  if (!earlier) return std::nullopt;
  const auto first_seen = parse_time(earlier->find_string("created_at").value_or(""));
  return first_seen.ok() ? std::optional(*first_seen) : std::nullopt;
}

// A refund whose amount nobody says may be any.
bool amount_fits(const Payment& payment, const json::Value& wanted, const json::Value& refund, bool other_currencies) {
  const auto told = amount_of(refund);
  return !told || check_refund_told(payment, amount_of(wanted), *told, other_currencies).ok();
}

// Whether an event happened before the write was made: ids sort by time, behind their prefix of four.
bool is_earlier(const Event& event, const Write& write) {
  constexpr std::size_t kPrefix = 4;
  return event.id.size() > kPrefix && event.id.substr(kPrefix) < write.id.substr(kPrefix);
}

// The status that the payment had when the write was made, as far as its events tell; empty: they do not.
std::string status_before(const std::vector<Event>& events, const Write& write) {
  constexpr std::string_view kPrefix = "payment.";
  std::string status;
  for (const Event& event : events) {
    if (!is_earlier(event, write) || !event.type.starts_with(kPrefix)) continue;
    const std::string_view name = std::string_view(event.type).substr(kPrefix.size());
    if (payment_status_from_name(name)) status = name;
  }
  return status;
}

}  // namespace

Status Operation::look_up_settled(Store& store) {
  if (operation_ == "payments.list") return {};
  TILL_ASSIGN(payment_, store.find_payment(settlement_->write.payment_id));
  if (!payment_) return internal_error("the payment of a recorded write has gone");
  if (payment_->provider_id.empty()) payment_->provider_id = settlement_->provider_id;
  return {};
}

// What a list showed or a person named belongs to this payment, unless somebody else's was faster.
Status Operation::claim_found(Store& store, Payment& payment) const {
  if (settlement_->by_hand && !payment.provider_id.empty() && payment.provider_id != settlement_->provider_id)
    return Error{.kind = ErrorKind::kConflict,
                 .code = "other_provider_id",
                 .message = "the provider answered with " + payment.provider_id + " for this payment already",
                 .field = "$.provider_id"};
  if (!payment.provider_id.empty() || settlement_->provider_id.empty()) return {};
  TILL_ASSIGN(const auto other, store.find_payment_by_provider_id(payment.gateway, settlement_->provider_id));
  if (other && other->id != payment.id)
    return Error{.kind = ErrorKind::kConflict,
                 .code = "already_ours",
                 .message = "the payment that was found is another one of this gateway: " + other->id};
  TILL_ASSIGN(const bool twin, has_twin(store, payment));
  if (twin && !settlement_->by_hand)
    return Error{.kind = ErrorKind::kConflict,
                 .code = std::string(kTwin),
                 .message = "what was found may be another payment of this gateway whose outcome is unknown"};
  payment.provider_id = settlement_->provider_id;
  return {};
}

// A list is not asked without an amount to compare; a person may mistake one payment for another.
Status Operation::check_named(const Payment& payment, const Observation& seen) const {
  if (!settlement_ || !settlement_->by_hand || !payment.amount || seen.amount) return {};
  return mismatch("amount_missing", "the provider does not tell the amount of this payment, so it may be another one");
}

Result<bool> has_twin(Store& store, const Payment& payment) {
  if (payment.reference.empty()) return false;
  TILL_ASSIGN(
      const auto others,
      store.list_payments(
          {.gateway = payment.gateway, .reference = payment.reference, .status = std::nullopt, .only_unknown = true}));
  return std::any_of(others.begin(), others.end(), [&](const Payment& other) {
    return other.id != payment.id && other.provider_id.empty() && other.amount == payment.amount;
  });
}

// What of a page may be the payment that the write was to make: {"candidates": [{provider_id, same}], "next"}.
Result<json::Value> Operation::commit_candidates(Store& store) {
  TILL_ASSIGN(const auto wanted, store.find_payment(settlement_->write.payment_id));
  if (!wanted) return internal_error("the payment of a recorded write has gone");
  const auto [from, to] = settlement_window(settlement_->write);
  json::Array candidates;
  for (const json::Value& item : *output_->find("items")->array()) {
    TILL_ASSIGN(const Observation seen, read_observation(item));
    const Likeness like = likeness(*wanted, seen, from, to);
    if (like == Likeness::kOther) continue;
    TILL_ASSIGN(const auto ours, store.find_payment_by_provider_id(config().name, seen.provider_id));
    if (ours) continue;
    candidates.push_back(json::Object{{"provider_id", seen.provider_id}, {"same", like == Likeness::kSame}});
  }
  const json::Value* next = output_->find("next");
  return json::Value(json::Object{{"candidates", std::move(candidates)}, {"next", next ? *next : json::Value()}});
}

// The one refund that can only be the write's; null when there is none, or more than one.
Result<json::Value> Operation::settled_refund(Store& store, const Payment& before, Payment& payment) {
  const Write& write = settlement_->write;
  const auto way = config().manifest().reconcile.find(write.operation);
  TILL_ASSIGN(const bool twin, has_twin(store, write));
  if (twin || write.input.empty() || way == config().manifest().reconcile.end()) return json::Value();
  TILL_ASSIGN(const json::Value wanted, json::parse(write.input));
  TILL_ASSIGN(const auto claimed, claimed_refunds(store, payment));
  const auto [from, to] = settlement_window(write);
  RefundIndex refunds(payment.refunds);
  json::Array earlier = before.refunds;
  RefundIndex known(earlier);
  json::Value* match = nullptr;
  const json::Value* seen = nullptr;
  for (const json::Value& item : *output_->find("items")->array()) {
    const std::string_view id = item.find_string("id").value_or("");
    json::Value* refund = refunds.find(id);
    const auto at = refund_time(item, known.find(id));
    if (claimed.contains(std::string(*refund->find_string("id")))) continue;
    if (!amount_fits(payment, wanted, *refund, takes_other_currencies())) continue;
    if (!way->second.untimed && (!at || *at < from || *at > to)) continue;
    if (match) return json::Value();
    match = refund;
    seen = &item;
  }
  if (!match) return json::Value();
  for (const char* key : {"amount", "reason"})
    if (const json::Value* given = wanted.find(key); given && match->find(key)->is_null())
      match->object()->set(key, *given);
  claim_refund(payment, *match);
  TILL_TRY(store.add_event(refund_event(payment, *match, "reconcile", clock())));
  json::Value outcome = *match;
  if (const json::Value* raw = seen->find("raw")) outcome.object()->set("raw", *raw);
  return outcome;
}

// Whether the result says how the write ended.
Result<bool> Operation::tells(Store& store, const json::Value& result) const {
  const std::string& wanted = settlement_->write.operation;
  if (operation_ == "payments.list" || result.is_null()) return false;
  if (operation_ == wanted || wanted == "payments.create" || wanted == "refunds.create") return true;
  const std::string_view status = result.find_string("status").value_or("");
  if (wanted == "payments.cancel") return is_end(status);
  // That an overpaid payment is paid says nothing of whether the rest was accepted.
  if (wanted != "payments.accept" || !(is_end(status) || status == "processing")) return false;
  TILL_ASSIGN(const auto events, store.list_events(payment_->id));
  return status_before(events, settlement_->write) == "underpaid";
}

Status Operation::settle(Store& store, const json::Value& result) {
  TILL_ASSIGN(settled_, tells(store, result));
  if (!settled_) return {};
  return store.settle_write(settlement_->write.id, WriteState::kDone,
                            returns_secrets_ ? std::string() : json::write(result), clock().now_ms());
}

}  // namespace till
