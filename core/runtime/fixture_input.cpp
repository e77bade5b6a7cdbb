// fixture_input(): the members that shops give are checked as theirs, and those that the core adds by what it adds.
#include "core/runtime/fixture_input.h"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/json/path.h"
#include "core/plugin/operations.h"
#include "core/plugin/suggest.h"
#include "core/runtime/operation_input.h"

namespace till {
namespace {

using plugin::CardUse;
using plugin::UnifiedOperation;

bool names_payment(std::string_view operation) {
  return operation.starts_with("refunds.") ||
         (operation.starts_with("payments.") && operation != "payments.create" && operation != "payments.list");
}

// What the core puts beside the members that a shop gives; their shapes are checked here.
std::vector<std::string_view> added_members(const UnifiedOperation& operation) {
  std::vector<std::string_view> names;
  if (operation.write) names.emplace_back("idempotency_key");
  if (operation.card != CardUse::kNone) names.emplace_back("card");
  if (operation.name == "payments.list") names.emplace_back("wanted");
  if (plugin::is_given_whole(operation.name)) names.emplace_back("cursor");
  if (names_payment(operation.name)) names.insert(names.end(), {"provider_id", "payment", "state"});
  return names;
}

Status check_text(const json::Object& members, std::string_view key, std::size_t most) {
  const json::Value* value = members.find(key);
  if (!value || (value->string() && !value->string()->empty() && value->string()->size() <= most)) return {};
  return invalid_request(json::member_path("$", key), "expected text of 1 to " + std::to_string(most) + " bytes");
}

Status check_object(const json::Object& members, std::string_view key) {
  const json::Value* value = members.find(key);
  if (!value || value->object()) return {};
  return invalid_request(json::member_path("$", key), "expected an object");
}

Status check_card(const plugin::Manifest& manifest, CardUse use, const json::Object& added) {
  TILL_TRY(check_object(added, "card"));
  const json::Value* card = added.find("card");
  if (!card && use == CardUse::kRequired) return invalid_request("$.card", "this operation needs a card");
  if (!card) return {};
  if (!manifest.card_data) return invalid_request("$.card", "the manifest's permissions take no card data");
  constexpr std::string_view kNames[] = {"number",      "number_length", "cvv",  "expiry_month",
                                         "expiry_year", "holder_name",   "last4"};
  for (const auto& [name, value] : *card->object())
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames))
      return invalid_request(json::member_path("$.card", name), "unknown member" + plugin::did_you_mean(name, kNames));
  return {};
}

// Each of the two says the provider's id, and scripts may read either.
Status complete_payment(json::Object& added) {
  TILL_TRY(check_object(added, "payment"));
  TILL_TRY(check_text(added, "provider_id", kMaxIdLength));
  const json::Value* payment = added.find("payment");
  const json::Value* in_payment = payment ? payment->find("provider_id") : nullptr;
  const json::Value* id = added.find("provider_id");
  if (!id && !in_payment) return invalid_request("$.provider_id", "is missing: the core knows it of every payment");
  if (id && in_payment && !(*id == *in_payment))
    return invalid_request("$.payment.provider_id", "is another one than $.provider_id");
  if (in_payment) TILL_TRY(check_text(*payment->object(), "provider_id", kMaxIdLength));
  const json::Value known = id ? *id : *in_payment;
  json::Object completed = payment ? *payment->object() : json::Object();
  completed.set("provider_id", known);
  added.set("provider_id", known);
  added.set("payment", std::move(completed));
  return {};
}

Status check_added(const plugin::Manifest& manifest, const UnifiedOperation& operation, json::Object& added) {
  TILL_TRY(check_text(added, "idempotency_key", kMaxIdempotencyKeyLength));
  TILL_TRY(check_text(added, "cursor", kMaxCursorLength));
  TILL_TRY(check_object(added, "state"));
  TILL_TRY(check_card(manifest, operation.card, added));
  return names_payment(operation.name) ? complete_payment(added) : Status();
}

// An amount has its currency's decimals when a script gets it.
Status check_same_amount(const json::Value& given, const json::Value& input) {
  const json::Value* read = input.find("amount");
  if (!read || *read == given) return {};
  return invalid_request("$.amount.amount", "the currency's decimals make it \"" +
                                                std::string(read->find_string("amount").value_or("")) + "\"");
}

Status check_headers(const json::Value& headers) {
  if (!headers.object()) return invalid_request("$.headers", "expected an object");
  for (const auto& [name, value] : *headers.object()) {
    const std::string place = json::member_path("$.headers", name);
    if (name != to_lower(name)) return invalid_request(place, "names of headers are in lower case");
    if (!value.string()) return invalid_request(place, "expected text");
  }
  return {};
}

// As webhook_seen() makes it.
Status check_webhook(const json::Object& input) {
  constexpr std::string_view kNames[] = {"headers", "text", "json", "form"};
  for (const auto& [name, value] : input)
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames))
      return invalid_request(json::member_path("$", name), "unknown member" + plugin::did_you_mean(name, kNames));
  const json::Value* headers = input.find("headers");
  if (!headers) return invalid_request("$.headers", "is missing");
  TILL_TRY(check_headers(*headers));
  if (const json::Value* text = input.find("text"); text && !text->string())
    return invalid_request("$.text", "expected text");
  if (input.find("json") && input.find("form"))
    return invalid_request("$.form", "a webhook is JSON or a form, never both");
  return check_object(input, "form");
}

Status check_no_nulls(const json::Object& input) {
  for (const auto& [name, value] : input)
    if (value.is_null()) return invalid_request(json::member_path("$", name), "what is null is left out");
  return {};
}

Result<json::Value> unified_input(const plugin::Manifest& manifest, const UnifiedOperation& operation,
                                  json::Object given) {
  TILL_TRY(check_no_nulls(given));
  json::Object added;
  for (const std::string_view name : added_members(operation)) {
    const json::Value* value = given.find(name);
    if (!value) continue;
    added.set(name, *value);
    given.erase(name);
  }
  TILL_TRY(check_added(manifest, operation, added));
  const bool stands_in = operation.name.starts_with("refunds.") && !given.find("payment_id");
  if (stands_in) given.set("payment_id", "pay_");  // ours, which a fixture need not know
  const json::Value amount = given.find("amount") ? *given.find("amount") : json::Value();
  TILL_ASSIGN(json::Value input, read_input_members(manifest, operation.name, std::move(given)));
  TILL_TRY(check_same_amount(amount, input));
  if (stands_in) input.object()->erase("payment_id");
  for (auto& [name, value] : added) input.object()->set(name, std::move(value));
  return input;
}

}  // namespace

Result<json::Value> fixture_input(const plugin::Manifest& manifest, const std::string& operation, json::Value input) {
  const UnifiedOperation* unified = plugin::find_operation(operation);
  if (!unified || !manifest.capabilities.contains(operation)) return input;  // the run says so
  if (operation != "webhooks.receive") return unified_input(manifest, *unified, std::move(*input.object()));
  TILL_TRY(check_webhook(*input.object()));
  return input;
}

}  // namespace till
