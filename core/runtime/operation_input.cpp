// Operation input: what a shop gave, against what the operation, the provider and its manifest take.
#include "core/runtime/operation_input.h"

#include <algorithm>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/plugin/operations.h"
#include "core/plugin/schema.h"

namespace till {
namespace {

constexpr std::string_view kNativePrefix = "native.";
// A remembered card's handle: far above those that remember_card() makes.
constexpr std::size_t kMaxCardHandleLength = 255;

Error unsupported(const plugin::Manifest& manifest, std::string_view operation) {
  std::string reason = "it declares no such operation";
  const std::string_view subject = operation.substr(0, operation.find('.'));
  for (std::string_view key : {operation, subject})
    if (const auto found = manifest.absent.find(key); found != manifest.absent.end()) {
      reason = found->second;
      break;
    }
  return {.kind = ErrorKind::kUnsupported,
          .code = "unsupported",
          .message = manifest.name + " cannot do " + std::string(operation) + ": " + reason};
}

Status check_supported(const plugin::Manifest& manifest, std::string_view operation) {
  if (const std::string_view name = native_name(operation); !name.empty()) {
    if (manifest.native.find(name) == manifest.native.end()) return unsupported(manifest, operation);
    return {};
  }
  if (manifest.capabilities.find(operation) == manifest.capabilities.end()) return unsupported(manifest, operation);
  return {};
}

Result<std::string> take_text(json::Object& input, std::string_view key, std::size_t max_length) {
  const json::Value* value = input.find(key);
  if (!value || value->is_null()) return input.erase(key), std::string();
  if (!value->string() || value->string()->empty() || value->string()->size() > max_length)
    return invalid_request("$." + std::string(key), "expected text of 1 to " + std::to_string(max_length) + " bytes");
  std::string text = *value->string();
  input.erase(key);
  return text;
}

// It is sent in a header field, where only visible ASCII means the same to everybody.
Status take_idempotency_key(json::Object& input, std::string& into) {
  TILL_ASSIGN(into, take_text(input, "idempotency_key", kMaxIdempotencyKeyLength));
  if (std::any_of(into.begin(), into.end(), [](char c) { return c <= 0x20 || c >= 0x7F; }))
    return invalid_request("$.idempotency_key", "takes visible ASCII characters only, without spaces");
  return {};
}

Status put_card(const std::string& handle, OperationInput& into) {
  into.card = find_card(handle);
  if (!into.card) return invalid_request("$.card", "no such card: it was made in another process or already forgotten");
  return {};
}

Status take_card(const plugin::Manifest& manifest, plugin::CardUse use, json::Object& input, OperationInput& into) {
  TILL_ASSIGN(const std::string handle, take_text(input, "card", kMaxCardHandleLength));
  if (handle.empty()) {
    if (use == plugin::CardUse::kRequired) return invalid_request("$.card", "this operation needs a card");
    return {};
  }
  if (use == plugin::CardUse::kNone) return invalid_request("$.card", "this operation takes no card");
  if (!manifest.card_data)
    return invalid_request("$.card", manifest.name + " takes no card data; send the payer to checkout_url");
  return put_card(handle, into);
}

Result<json::Value> take_options(const plugin::Manifest& manifest, std::string_view operation, json::Object& input) {
  const json::Value* given = input.find("options");
  json::Value options = given && !given->is_null() ? *given : json::Value(json::Object());
  input.erase("options");
  if (!options.object()) return invalid_request("$.options", "expected an object");
  const plugin::Capability& capability = manifest.capabilities.find(operation)->second;
  if (!capability.options_schema.is_null()) return plugin::validate(capability.options_schema, options, "$.options");
  if (!options.object()->empty())
    return invalid_request("$.options", manifest.name + " has no options for this operation");
  return options;
}

// Members that the provider declared for this operation beside the unified ones.
json::Object take_extra(const plugin::Capability& capability, json::Object& input) {
  json::Object extra;
  for (const std::string& name : capability.extra_input) {
    const json::Value* value = input.find(name);
    if (!value) continue;
    extra.set(name, *value);
    input.erase(name);
  }
  return extra;
}

Status check_amount(const plugin::Manifest& manifest, json::Object& input, OperationInput& into) {
  const json::Value* given = input.find("amount");
  if (!given) return {};
  TILL_ASSIGN(Money amount, money_from_json(*given, "$.amount"));
  if (amount.is_negative() || amount.is_zero())
    return invalid_request("$.amount.amount", "an amount is greater than zero");
  const auto& accepted = manifest.currencies;
  if (!accepted.empty() && std::find(accepted.begin(), accepted.end(), amount.currency().code()) == accepted.end()) {
    std::string list;
    for (const std::string& code : accepted) list += (list.empty() ? "" : ", ") + code;
    return invalid_request("$.amount.currency", manifest.name + " takes " + list);
  }
  input.set("amount", money_to_json(amount));
  into.amount = std::move(amount);
  return {};
}

Status check_metadata(const json::Object& input) {
  const json::Value* metadata = input.find("metadata");
  if (metadata && json::write(*metadata).size() > kMaxMetadataBytes)
    return invalid_request("$.metadata",
                           "metadata has at most " + std::to_string(kMaxMetadataBytes) + " bytes as JSON");
  return {};
}

// Ids of the provider's stand in addresses, where these would be another place than a segment of their own.
Status check_provider_id(const json::Object& input, std::string_view key) {
  const auto found = input.find(key);
  const std::string* id = found ? found->string() : nullptr;
  if (!id) return {};
  const bool control = std::any_of(id->begin(), id->end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7F; });
  if (*id != "." && *id != ".." && !control) return {};
  return invalid_request("$." + std::string(key), "no id of a provider's is \".\" or \"..\" or has control characters");
}

// Everything but the idempotency key and the card, in place.
Status check_members(const plugin::Manifest& manifest, std::string_view operation,
                     const plugin::UnifiedOperation& unified, OperationInput& input) {
  json::Object& members = *input.value.object();
  if (const json::Value* given = members.find("options")) input.options = *given;
  TILL_ASSIGN(json::Value options, take_options(manifest, operation, members));
  const json::Object extra = take_extra(manifest.capabilities.find(operation)->second, members);
  TILL_TRY(plugin::check(unified.input, input.value, "$"));
  TILL_TRY(check_provider_id(members, operation == "refunds.get" ? "id" : "provider_id"));
  TILL_TRY(check_metadata(members));
  TILL_TRY(check_amount(manifest, members, input));
  for (const auto& [key, value] : extra) members.set(key, value);
  members.set("options", std::move(options));
  return {};
}

// The provider's own call takes whatever it takes; only the idempotency key and a remembered card are the core's.
Result<OperationInput> read_native(const plugin::Manifest& manifest, json::Value parsed) {
  OperationInput input;
  TILL_TRY(take_idempotency_key(*parsed.object(), input.idempotency_key));
  if (manifest.card_data) {
    TILL_ASSIGN(const std::string handle, take_text(*parsed.object(), "card", kMaxCardHandleLength));
    if (!handle.empty()) TILL_TRY(put_card(handle, input));
  }
  input.value = std::move(parsed);
  return input;
}

}  // namespace

Result<json::Value> parse_input(std::string_view input_json) {
  if (input_json.size() > kMaxInputBytes)
    return invalid_request("$", "an operation's input has at most " + std::to_string(kMaxInputBytes) + " bytes");
  TILL_ASSIGN(json::Value parsed, json::parse(input_json.empty() ? "{}" : input_json));
  if (!parsed.object()) return invalid_request("$", "an operation's input is a JSON object");
  return parsed;
}

void drop_nulls(json::Object& input) {
  input.erase_if([](const json::Object::Member& member) { return member.second.is_null(); });
}

std::string_view native_name(std::string_view operation) {
  return operation.starts_with(kNativePrefix) ? operation.substr(kNativePrefix.size()) : std::string_view();
}

bool changes_something(const plugin::Manifest& manifest, std::string_view operation) {
  const std::string_view name = native_name(operation);
  if (name.empty()) {
    const plugin::UnifiedOperation* unified = plugin::find_operation(operation);
    return unified && unified->write;
  }
  const auto found = manifest.native.find(name);
  return found != manifest.native.end() && !found->second.read;
}

Result<OperationInput> read_operation_input(const GatewayConfig& config, std::string_view operation,
                                            std::string_view input_json) {
  const plugin::Manifest& manifest = config.manifest();
  TILL_TRY(check_supported(manifest, operation));
  if (operation == "webhooks.receive") return OperationInput();  // read once it is verified
  TILL_ASSIGN(json::Value parsed, parse_input(input_json));
  if (!native_name(operation).empty()) return read_native(manifest, std::move(parsed));

  // Where to listen is asked with what the payment itself is asked with.
  const plugin::UnifiedOperation* unified =
      plugin::find_operation(operation == "payments.watch" ? "payments.get" : operation);
  if (!unified || unified->input.is_null()) return unsupported(manifest, operation);
  OperationInput input;
  drop_nulls(*parsed.object());
  TILL_TRY(take_idempotency_key(*parsed.object(), input.idempotency_key));
  TILL_TRY(take_card(manifest, unified->card, *parsed.object(), input));
  input.value = std::move(parsed);
  TILL_TRY(check_members(manifest, operation, *unified, input));
  return input;
}

Result<json::Value> read_input_members(const plugin::Manifest& manifest, std::string_view operation,
                                       json::Value members) {
  const plugin::UnifiedOperation* unified =
      plugin::find_operation(operation == "payments.watch" ? "payments.get" : operation);
  if (!unified || unified->input.is_null() || !manifest.capabilities.contains(operation))
    return unsupported(manifest, operation);
  OperationInput input;
  input.value = std::move(members);
  TILL_TRY(check_members(manifest, operation, *unified, input));
  return std::move(input.value);
}

}  // namespace till
