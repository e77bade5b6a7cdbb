// The table of unified operations: see operations.h.
#include "core/plugin/operations.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/plugin/shapes.h"

namespace till::plugin {
namespace {

using json::Object;
using json::Value;

constexpr bool kRead = false;
constexpr bool kWrite = true;

// ---- what shops give

Value word() { return text_shape(kMaxWordLength, 1); }
Value id() { return text_shape(kMaxIdLength, 1); }
Value sentence() { return text_shape(kMaxSentenceLength); }
Value nothing() { return object_shape({}); }

Value page_size() {
  return Object{{"type", "integer"},
                {"minimum", Value::integer(1)},
                {"maximum", Value::integer(static_cast<std::int64_t>(kMaxPageSize))}};
}

Value customer() {
  return object_shape({{"name", text_shape(kMaxCustomerNameLength)},
                       {"email", Object{{"type", "string"},
                                        {"format", "email"},
                                        {"maxLength", Value::integer(static_cast<std::int64_t>(kMaxEmailLength))}}},
                       {"ip", text_shape(kMaxIpLength)},
                       {"user_agent", text_shape(kMaxUserAgentLength)},
                       {"locale", text_shape(kMaxLocaleLength)}});
}

Value order() {
  return object_shape({{"amount", money_shape()},
                       {"reference", word()},
                       {"description", sentence()},
                       {"customer", customer()},
                       {"return_url", url_shape()},
                       {"cancel_url", url_shape()},
                       {"webhook_url", url_shape()},
                       {"pay_currency", word()},
                       {"metadata", open_shape()}},
                      {"amount"});
}

// One payment by our id or the provider's, and what else is said of it.
Value of_payment(Object more = {}) {
  Object members{{"id", id()}, {"provider_id", id()}};
  for (auto& [name, shape] : more) members.set(name, std::move(shape));
  return object_shape(std::move(members));
}

Value payments_filter() {
  return object_shape({{"limit", page_size()},
                       {"cursor", text_shape(kMaxCursorLength)},
                       {"reference", word()},
                       {"status", word()},
                       {"currency", word()},
                       {"from", word()},
                       {"to", word()}});
}

Value new_refund() {
  return object_shape({{"payment_id", id()}, {"amount", money_shape()}, {"address", word()}, {"reason", sentence()}},
                      {"payment_id"});
}

// ---- what scripts return

Value seen_text() { return or_null(text_shape(kMaxObservedTextLength)); }
Value seen_id() { return or_null(text_shape(kMaxIdLength)); }
Value seen_money() { return or_null(money_shape()); }
Value seen_flag() { return or_null(boolean_shape()); }
Value seen_count() { return or_null(Object{{"type", "integer"}, {"minimum", Value::integer(0)}}); }
// Milliseconds since 1970.
Value seen_time() { return or_null(integer_shape()); }

// Where coins go.
Value pay_to() {
  return object_shape({{"currency", seen_text()},
                       {"amount", or_null(decimal_shape())},
                       {"address", seen_text()},
                       {"uri", seen_text()},
                       {"rate", or_null(decimal_shape())}});
}

// Providers have further members of their own here: what the payer is to be shown.
Value next_action() {
  return open_shape({{"type", text_shape(kMaxWordLength, 1)}, {"call", seen_text()}, {"message", seen_text()}},
                    {"type"});
}

Value payment() {
  return object_shape({{"id", seen_id()},
                       {"status", words_shape({"pending", "requires_action", "processing", "underpaid", "paid",
                                               "expired", "cancelled", "failed"})},
                       {"amount", seen_money()},
                       {"amount_paid", seen_money()},
                       {"amount_due", seen_money()},
                       {"amount_refunded", seen_money()},
                       {"reference", seen_text()},
                       {"test", seen_flag()},
                       {"checkout_url", seen_text()},
                       {"qr_url", seen_text()},
                       {"pay_to", or_null(pay_to())},
                       {"next_action", or_null(next_action())},
                       {"decline", or_null(object_shape({{"code", seen_text()}, {"message", seen_text()}}))},
                       {"created_at", seen_time()},
                       {"expires_at", seen_time()},
                       {"account", seen_id()},
                       {"state", or_null(open_shape())},
                       {"raw", any_shape()}},
                      {"status"});
}

// A webhook names a payment, and may say what became of it. Some providers count their ids in numbers.
Value told_payment() {
  Value shape = payment();
  Value number_or_text = text_shape(kMaxIdLength, 1);
  number_or_text.object()->set("type", json::Array{"string", "integer", "null"});
  shape.object()->find("properties")->object()->set("id", std::move(number_or_text));
  shape.object()->erase("required");
  return shape;
}

Value webhook() {
  return object_shape({{"event", text_shape(kMaxWordLength, 1)}, {"payment", or_null(told_payment())}}, {"event"});
}

// A list tells payments apart by their ids, and may be silent about the rest.
Value listed_payment() {
  Value shape = payment();
  shape.object()->find("properties")->object()->set("id", id());
  shape.object()->set("required", json::Array{"id"});
  return shape;
}

// Where a payment's events are told. What holds handles is checked where they are filled in.
Value watch_address() {
  return object_shape({{"url", url_shape()}, {"query", any_shape()}, {"events", any_shape()}}, {"url"});
}

// A new refund has no id where the provider gives refunds none: then it is known by ours.
Value refund(bool is_new = false) {
  Value shape = object_shape({{"id", is_new ? or_null(id()) : id()},
                              {"status", words_shape({"pending", "succeeded", "failed", "cancelled"})},
                              {"amount", seen_money()},
                              {"created_at", seen_time()},
                              {"raw", any_shape()}},
                             {"id", "status"});
  if (is_new) shape.object()->set("required", json::Array{"status"});
  return shape;
}

Value rate() {
  return object_shape(
      {{"from", word()}, {"to", word()}, {"rate", decimal_shape()}, {"name", seen_text()}, {"raw", any_shape()}},
      {"from", "to", "rate"});
}

Value currency() {
  return object_shape({{"code", word()},
                       {"name", seen_text()},
                       {"decimals", seen_count()},
                       {"symbol", seen_text()},
                       {"crypto", seen_flag()},
                       {"raw", any_shape()}},
                      {"code"});
}

Value ledger() {
  return object_shape({{"currency", word()}, {"balance", decimal_shape()}, {"raw", any_shape()}},
                      {"currency", "balance"});
}

Value ledger_entry() {
  Value code = text_shape(kMaxObservedTextLength);
  code.object()->set("type", json::Array{"string", "integer", "null"});
  return object_shape({{"type", seen_text()},
                       {"code", std::move(code)},
                       {"amount", seen_money()},
                       {"created_at", seen_time()},
                       {"payment_provider_id", seen_id()},
                       {"description", seen_text()},
                       {"raw", any_shape()}});
}

Value card_verification() {
  return object_shape({{"status", words_shape({"requires_action", "verified", "failed"})},
                       {"message", seen_text()},
                       {"next_action", or_null(next_action())},
                       {"remaining_attempts", or_null(integer_shape())},
                       {"blocked", seen_flag()}},
                      {"status"});
}

Value token() {
  return object_shape({{"token", seen_text()},
                       {"facade", seen_text()},
                       {"resource", seen_text()},
                       {"pairing_code", seen_text()},
                       {"approval_url", or_null(url_shape())},
                       {"created_at", seen_time()},
                       {"expires_at", seen_time()}});
}

Value answer_to_check() {
  return object_shape({{"ok", Object{{"type", "boolean"}, {"enum", json::Array{true}}}}, {"detail", seen_text()}},
                      {"ok"});
}

Value page(Value items) {
  Value next = text_shape(kMaxCursorLength);
  next.object()->set("type", json::Array{"string", "integer", "null"});
  return object_shape({{"items", list_shape(std::move(items))}, {"next", std::move(next)}, {"total", seen_count()}},
                      {"items"});
}

// Of a write, which is not called again for more.
Value only_page(Value items) {
  Value shape = page(std::move(items));
  shape.object()->find("properties")->object()->set("next", Object{{"type", "null"}});
  return shape;
}

// ---- the table

std::vector<UnifiedOperation> make_table() {
  using enum CardUse;
  const Value one_refund = object_shape({{"payment_id", id()}, {"id", id()}}, {"payment_id", "id"});
  const Value of_refunds = object_shape({{"payment_id", id()}}, {"payment_id"});
  const Value pair = object_shape({{"from", word()}, {"to", word()}, {"amount", money_shape()}}, {"to"});
  const Value span = object_shape({{"currency", word()}, {"from", word()}, {"to", word()}}, {"currency"});
  const Value new_token = object_shape({{"facade", word()}, {"label", word()}, {"pairing_code", word()}});
  const Value pairing = object_shape({{"pairing_code", word()}, {"facade", word()}}, {"pairing_code"});
  return {
      {"payments.create", kWrite, kOptional, order(), payment()},
      {"payments.get", kRead, kNone, of_payment(), payment()},
      {"payments.list", kRead, kNone, payments_filter(), page(listed_payment())},
      {"payments.watch", kRead, kNone, nullptr, watch_address()},
      {"payments.cancel", kWrite, kNone, of_payment({{"reason", sentence()}}), payment()},
      {"payments.accept", kWrite, kNone, of_payment({{"amount", money_shape()}}), payment()},
      {"refunds.create", kWrite, kNone, new_refund(), refund(true)},
      {"refunds.get", kRead, kNone, one_refund, refund()},
      {"refunds.list", kRead, kNone, of_refunds, page(refund())},
      {"rates.get", kRead, kNone, pair, rate()},
      {"rates.list", kRead, kNone, nothing(), page(rate())},
      {"currencies.list", kRead, kNone, nothing(), page(currency())},
      {"ledgers.list", kRead, kNone, nothing(), page(ledger())},
      {"ledgers.entries", kRead, kNone, span, page(ledger_entry())},
      {"cards.verify", kWrite, kRequired, object_shape({{"customer", customer()}}), card_verification()},
      {"cards.confirm", kWrite, kRequired, object_shape({{"amount", money_shape()}}, {"amount"}), card_verification()},
      {"tokens.create", kWrite, kNone, new_token, token()},
      {"tokens.approve", kWrite, kNone, pairing, only_page(token())},
      {"webhooks.receive", kRead, kNone, nullptr, webhook()},
      {"check", kRead, kNone, nothing(), answer_to_check()},
  };
}

const std::vector<UnifiedOperation>& table() {
  static const auto* operations = new std::vector<UnifiedOperation>(make_table());
  return *operations;
}

}  // namespace

std::span<const UnifiedOperation> unified_operations() { return table(); }

std::span<const std::string_view> operation_names() {
  static const auto* names = [] {
    auto* all = new std::vector<std::string_view>;
    for (const UnifiedOperation& operation : table()) all->push_back(operation.name);
    return all;
  }();
  return *names;
}

const UnifiedOperation* find_operation(std::string_view name) {
  const auto found = std::find_if(table().begin(), table().end(),
                                  [&](const UnifiedOperation& operation) { return operation.name == name; });
  return found == table().end() ? nullptr : &*found;
}

bool is_given_whole(std::string_view name) {
  const UnifiedOperation* operation = find_operation(name);
  if (!operation || operation->write || operation->input.is_null() || operation->output.is_null()) return false;
  return operation->output.find("properties")->find("items") && !operation->input.find("properties")->find("cursor");
}

}  // namespace till::plugin
