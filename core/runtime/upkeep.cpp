// The store's upkeep, as JSON.
#include "core/runtime/upkeep.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/time.h"
#include "core/base/utf8.h"
#include "core/json/json.h"
#include "core/json/written.h"

namespace till {
namespace {

using json::Array;
using json::Object;
using json::Value;
using Redact = std::function<std::string(std::string)>;

Value counted(const Pruned& pruned) {
  return Object{{"payments", Value::integer(pruned.payments)},
                {"events", Value::integer(pruned.events)},
                {"writes", Value::integer(pruned.writes)},
                {"webhooks", Value::integer(pruned.webhooks)}};
}

Value time_or_null(UnixMillis at) { return at == 0 ? Value() : Value(format_iso_time(at)); }

// What was written as JSON, as JSON; other text as text.
Value json_or_text(const std::string& text) {
  if (text.empty()) return nullptr;
  auto parsed = json::parse_written(text);
  return parsed.ok() ? *std::move(parsed) : Value(text);
}

Value write_record(const Write& write) {
  return Object{{"id", write.id},
                {"gateway", write.gateway},
                {"idempotency_key", write.idempotency_key},
                {"operation", write.operation},
                {"input_hash", write.input_hash},
                {"payment_id", json::text_or_null(write.payment_id)},
                {"state", write_state_name(write.state)},
                {"created_at", format_iso_time(write.created_at)},
                {"settled_at", time_or_null(write.settled_at)},
                {"outcome", json_or_text(write.outcome)}};
}

Value event_record(const InboxEvent& one, const Redact& redact) {
  return Object{{"id", one.event.id},
                {"gateway", one.event.gateway},
                {"payment_id", json::text_or_null(one.event.payment_id)},
                {"type", one.event.type},
                {"source", one.event.source},
                {"at", format_iso_time(one.event.at)},
                {"detail", json_or_text(one.event.detail)},
                {"state", event_state_name(one.state)},
                {"attempts", Value::integer(one.attempts)},
                {"last_error", json::text_or_null(redact ? redact(one.last_error) : one.last_error)}};
}

Value webhook_record(const Webhook& webhook, bool with_body) {
  Object record{{"id", webhook.id},
                {"gateway", webhook.gateway},
                {"event", webhook.event},
                {"provider_id", json::text_or_null(webhook.provider_id)},
                {"reference", json::text_or_null(webhook.reference)},
                {"payment_id", json::text_or_null(webhook.payment_id)},
                {"state", webhook_state_name(webhook.state)},
                {"signature", webhook.signature},
                {"trust", webhook.trust},
                {"received_at", format_iso_time(webhook.received_at)}};
  if (!with_body) return record;
  // JSON holds no other bytes.
  if (is_valid_utf8(webhook.body))
    record.set("body", webhook.body);
  else
    record.set("body_base64", base64_encode(webhook.body));
  return record;
}

Value page(Array items, std::size_t limit, const std::string& last_id) {
  const bool more = items.size() == limit;
  return Object{{"items", std::move(items)}, {"next", more ? Value(last_id) : Value()}};
}

// A page of records, newest first; `as_json` makes one.
template <class Record, class AsJson>
Value page_of(const std::vector<Record>& records, std::size_t limit, AsJson as_json) {
  Array items;
  for (const Record& record : records) items.push_back(as_json(record));
  std::string last;
  if (!records.empty()) last = *items.back().find("id")->string();
  return page(std::move(items), limit, last);
}

Result<Value> export_refusals(Store& store) {
  TILL_ASSIGN(const auto refusals, store.list_refusals());
  Array items;
  for (const Refusals& one : refusals)
    items.push_back(Object{{"gateway", one.gateway},
                           {"reason", one.reason},
                           {"count", Value::integer(one.count)},
                           {"first_at", format_iso_time(one.first_at)},
                           {"last_at", format_iso_time(one.last_at)}});
  return Value(Object{{"items", std::move(items)}, {"next", nullptr}});
}

// A payment whose record cannot be read is named in its place: {"id", "unreadable": true}.
Result<Value> export_payments(Store& store, const std::string& cursor, std::size_t limit) {
  std::vector<std::string> unreadable;
  TILL_ASSIGN(const auto payments,
              store.list_payments({.before_id = cursor, .limit = limit, .unreadable = &unreadable}));
  Array items;
  auto unread = unreadable.begin();
  const auto pass_over = [&](std::string_view until) {
    for (; unread != unreadable.end() && *unread > until; ++unread)
      items.push_back(Object{{"id", *unread}, {"unreadable", true}});
  };
  for (const Payment& payment : payments) {
    pass_over(payment.id);
    items.push_back(payment_to_json(payment));
  }
  pass_over("");
  const bool more = payments.size() == limit;
  return Value(Object{{"items", std::move(items)}, {"next", more ? Value(payments.back().id) : Value()}});
}

// How old what goes is at least; nullopt: it stays.
UnixMillis before(const Value& input, std::string_view key, UnixMillis now_ms) {
  const auto age_ms = input.find_integer(key);
  return age_ms ? std::max<UnixMillis>(now_ms - *age_ms, 1) : 0;
}

bool says(const Value& input, std::string_view key) {
  const Value* word = input.find(key);
  return word && word->boolean() && *word->boolean();
}

}  // namespace

Result<Value> store_info(Store& store, const std::string& place) {
  TILL_ASSIGN(const StoreInfo info, store.info());
  TILL_ASSIGN(const auto counts, store.counts());
  Array gateways;
  for (const StoreCounts& one : counts)
    gateways.push_back(Object{{"gateway", one.gateway},
                              {"payments_unknown", Value::integer(one.payments_unknown)},
                              {"writes_unsettled", Value::integer(one.writes_unsettled)},
                              {"events_waiting", Value::integer(one.events_waiting)},
                              {"events_taken", Value::integer(one.events_taken)},
                              {"events_dead", Value::integer(one.events_dead)},
                              {"webhooks_unmatched", Value::integer(one.webhooks_unmatched)},
                              {"oldest_event_at", time_or_null(one.oldest_event_at)}});
  return Value(Object{{"place", place},
                      {"kind", info.kind},
                      {"schema", Value::integer(info.schema)},
                      {"bytes", Value::integer(info.bytes)},
                      {"payments", Value::integer(info.kept.payments)},
                      {"events", Value::integer(info.kept.events)},
                      {"writes", Value::integer(info.kept.writes)},
                      {"webhooks", Value::integer(info.kept.webhooks)},
                      {"open", std::move(gateways)}});
}

Result<Value> prune_store(Store& store, const Clock& clock, const Value& input) {
  const UnixMillis now_ms = clock.now_ms();
  const auto webhooks_ms = input.find_integer("webhooks_older_than_ms");
  const bool young = webhooks_ms && *webhooks_ms < kRedeliveryHorizonMs;
  if (young && !says(input, "forget_webhooks") && !says(input, "dry_run"))
    return Error{.kind = ErrorKind::kInvalidRequest,
                 .code = "webhooks_too_young",
                 .message =
                     "providers send a webhook again for up to 30 days, and one that was forgotten takes effect "
                     "again: keep webhooks as long, or say forget_webhooks",
                 .field = "$.webhooks_older_than_ms"};
  const Retention retention{.payments_before = before(input, "payments_older_than_ms", now_ms),
                            .events_before = before(input, "events_older_than_ms", now_ms),
                            .writes_before = before(input, "writes_older_than_ms", now_ms),
                            .webhooks_before = before(input, "webhooks_older_than_ms", now_ms)};
  if (says(input, "dry_run")) {
    TILL_ASSIGN(const Pruned would_go, store.prunable(retention));
    Value out = counted(would_go);
    out.object()->set("more", false);
    return out;
  }
  TILL_ASSIGN(const Pruned gone, store.prune(retention, kPrunedAtOnce));
  Value out = counted(gone);
  out.object()->set("more", gone.payments + gone.events + gone.writes + gone.webhooks > 0);
  return out;
}

Result<Value> export_store(Store& store, const Value& input, const Redact& redact) {
  const std::string_view kind = *input.find_string("kind");
  const std::string cursor(input.find_string("cursor").value_or(""));
  const auto limit =
      static_cast<std::size_t>(input.find_integer("limit").value_or(static_cast<std::int64_t>(kMaxExportPage)));
  if (kind == "refusals") return export_refusals(store);
  if (kind == "payments") return export_payments(store, cursor, limit);
  if (kind == "writes") {
    TILL_ASSIGN(const auto writes, store.list_writes({.before_id = cursor, .limit = limit}));
    return page_of(writes, limit, write_record);
  }
  if (kind == "events") {
    TILL_ASSIGN(const auto events, store.list_inbox({.before_id = cursor, .limit = limit}));
    return page_of(events, limit, [&](const InboxEvent& one) { return event_record(one, redact); });
  }
  const bool bodies = says(input, "bodies");
  TILL_ASSIGN(const auto webhooks, store.list_webhooks({.before_id = cursor, .limit = limit}));
  return page_of(webhooks, limit, [&](const Webhook& one) { return webhook_record(one, bodies); });
}

}  // namespace till
