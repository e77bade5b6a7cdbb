// The table of local operations, and how one runs.
#include "core/runtime/local_operation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/json/json.h"
#include "core/plugin/schema.h"
#include "core/plugin/shapes.h"
#include "core/runtime/engine.h"
#include "core/runtime/inbox.h"
#include "core/runtime/operation_input.h"
#include "core/runtime/runtime.h"
#include "core/runtime/stored_payments.h"
#include "core/runtime/upkeep.h"
#include "core/runtime/webhook_limits.h"

namespace till {
namespace {

using json::Object;
using json::Value;
using plugin::object_shape;
using plugin::text_shape;

constexpr bool kLooks = false;
constexpr bool kChanges = true;
// An age: a hundred years.
constexpr std::int64_t kMaxAgeMs = std::int64_t{36'500} * 86'400'000;

Value id() { return text_shape(kMaxIdLength, 1); }

Value number(std::int64_t least, std::int64_t most) {
  return Object{{"type", "integer"}, {"minimum", Value::integer(least)}, {"maximum", Value::integer(most)}};
}

Inbox inbox(const LocalScope& scope, Store& store) {
  return {store, scope.runtime->clock(), scope.gateway, scope.redact};
}

// docs/schemas/refusal.json
Value refusal_to_json(const Refusals& refusals) {
  return Object{{"gateway", refusals.gateway},
                {"reason", refusals.reason},
                {"count", Value::integer(refusals.count)},
                {"first_at", format_iso_time(refusals.first_at)},
                {"last_at", format_iso_time(refusals.last_at)}};
}

Result<Value> list_refusals(const LocalScope& scope, Store& store) {
  if (scope.refusals && scope.refusals->take_all(scope.runtime->clock().now_ms()))
    TILL_TRY(scope.refusals->write(store));
  TILL_ASSIGN(const std::vector<Refusals> all, store.list_refusals());
  json::Array items;
  for (const Refusals& one : all)
    if (scope.gateway.empty() || one.gateway == scope.gateway) items.push_back(refusal_to_json(one));
  return Value(Object{{"items", std::move(items)}, {"next", nullptr}, {"total", nullptr}});
}

Status check_whole_store(const LocalScope& scope) {
  if (scope.gateway.empty()) return {};
  return Error{.kind = ErrorKind::kUnsupported,
               .code = "whole_store",
               .message = "this is about the whole store and not about one gateway: ask the runtime"};
}

Result<Value> run_info(const LocalScope& scope, const Value&, Store& store) {
  TILL_TRY(check_whole_store(scope));
  return store_info(store, scope.runtime->store_place());
}

Result<Value> run_prune(const LocalScope& scope, const Value& input, Store& store) {
  TILL_TRY(check_whole_store(scope));
  return prune_store(store, scope.runtime->clock(), input);
}

Result<Value> run_export(const LocalScope& scope, const Value& input, Store& store) {
  TILL_TRY(check_whole_store(scope));
  return export_store(store, input, scope.redact);
}

std::vector<LocalOperation> store_table() {
  const Value age = number(0, kMaxAgeMs);
  const Value pruning = object_shape({{"payments_older_than_ms", age},
                                      {"events_older_than_ms", age},
                                      {"writes_older_than_ms", age},
                                      {"webhooks_older_than_ms", age},
                                      {"forget_webhooks", plugin::boolean_shape()},
                                      {"dry_run", plugin::boolean_shape()}});
  const Value exporting =
      object_shape({{"kind", plugin::words_shape({"payments", "writes", "events", "webhooks", "refusals"})},
                    {"bodies", plugin::boolean_shape()},
                    {"limit", number(1, static_cast<std::int64_t>(kMaxExportPage))},
                    {"cursor", text_shape(kMaxCursorLength)}},
                   {"kind"});
  return {
      {"store.info", kLooks, object_shape({}), run_info},
      {"store.prune", kChanges, pruning, run_prune},
      {"store.export", kLooks, exporting, run_export},
  };
}

std::vector<LocalOperation> make_table() {
  const Value nothing = object_shape({});
  const Value filter = object_shape({{"state", plugin::words_shape({"waiting", "taken", "done", "dead"})},
                                     {"payment_id", id()},
                                     {"limit", number(1, static_cast<std::int64_t>(kMaxPageSize))},
                                     {"cursor", text_shape(kMaxCursorLength)}});
  const Value one = object_shape({{"id", id()}}, {"id"});
  const Value taking = object_shape({{"limit", number(1, static_cast<std::int64_t>(kMaxTakenEvents))},
                                     {"lease_ms", number(kMinLeaseMs, kMaxLeaseMs)}});
  const Value taken = object_shape({{"id", id()}, {"lease", id()}}, {"id", "lease"});
  const Value failed = object_shape({{"id", id()},
                                     {"lease", id()},
                                     {"message", text_shape(kMaxInputBytes)},
                                     {"retry_after_ms", number(0, kMaxRetryAfterMs)}},
                                    {"id", "lease"});
  const Value stored =
      object_shape({{"payment_id", id()},
                    {"reference", id()},
                    {"status", plugin::words_shape({"pending", "requires_action", "processing", "underpaid", "paid",
                                                    "expired", "cancelled", "failed"})},
                    {"unknown", Object{{"type", "boolean"}}},
                    {"limit", number(1, static_cast<std::int64_t>(kMaxPageSize))},
                    {"cursor", text_shape(kMaxCursorLength)}});
  std::vector<LocalOperation> all{
      {"payments.stored", kLooks, stored,
       [](auto& scope, auto& input, auto& store) { return list_stored_payments(store, scope.gateway, input); }},
      {"events.list", kLooks, filter,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).list(input); }},
      {"events.get", kLooks, one, [](auto& scope, auto& input, auto& store) { return inbox(scope, store).get(input); }},
      {"events.take", kChanges, taking,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).take(input); }},
      {"events.done", kChanges, taken,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).done(input); }},
      {"events.fail", kChanges, failed,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).fail(input); }},
      {"events.release", kChanges, taken,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).release(input); }},
      {"events.replay", kChanges, one,
       [](auto& scope, auto& input, auto& store) { return inbox(scope, store).replay(input); }},
      {"webhooks.refusals", kChanges, nothing,
       [](auto& scope, auto&, auto& store) { return list_refusals(scope, store); }},
  };
  for (LocalOperation& operation : store_table()) all.push_back(std::move(operation));
  return all;
}

const std::vector<LocalOperation>& table() {
  static const auto* operations = new std::vector<LocalOperation>(make_table());
  return *operations;
}

Result<Value> read_input(const LocalOperation& operation, std::string_view input_json) {
  TILL_ASSIGN(Value input, parse_input(input_json));
  drop_nulls(*input.object());
  TILL_TRY(plugin::check(operation.input, input, "$"));
  return input;
}

// One call on its way through the store.
struct LocalCall {
  const LocalOperation& operation;
  LocalScope scope;
  Value input;
  std::function<void(Result<std::string>)> callback;
  std::string output{};

  Status run(Store& store) {
    TILL_ASSIGN(const Value value, operation.run(scope, input, store));
    output = json::write(value);
    return {};
  }
  void finish(Status status) {
    if (scope.refusals) scope.refusals->ended(status);
    if (status.ok())
      callback(std::move(output));
    else
      callback(std::move(status).error());
  }
};

}  // namespace

std::span<const LocalOperation> local_operations() { return table(); }

const LocalOperation* find_local_operation(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [&](const LocalOperation& operation) { return operation.name == name; });
  return found == table().end() ? nullptr : &*found;
}

void start_local(const LocalOperation& operation, LocalScope scope, std::string_view input_json,
                 std::function<void(Result<std::string>)> callback) {
  auto input = read_input(operation, input_json);
  if (!input.ok()) return callback(std::move(input).error());
  auto engine = scope.runtime->engine();
  if (!engine.ok()) return callback(std::move(engine).error());
  const auto call =
      std::make_shared<LocalCall>(LocalCall{operation, std::move(scope), *std::move(input), std::move(callback)});
  // The task holds nothing: what the last of the two lets go may be the runtime.
  StoreQueue::Task task = [held = call.get()](Store& store) { return held->run(store); };
  if (operation.changes)
    (*engine)->change(std::move(task), [call](Status status) { call->finish(std::move(status)); });
  else
    (*engine)->run_aside(
        [call, &store = (*engine)->store(), task = std::move(task)] { call->finish(store.read(task)); });
}

}  // namespace till
