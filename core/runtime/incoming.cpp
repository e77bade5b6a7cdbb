// Reading a reply: JSON once, secrets hidden at once, then the manifest's error rules in their order.
#include "core/runtime/incoming.h"

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/json/pointer.h"
#include "core/plugin/plain_text.h"
#include "core/runtime/operation_outcome.h"
#include "core/runtime/rate_limit.h"

namespace till {
namespace {

// How many fields a message names.
constexpr std::size_t kMaxBlamedFields = 20;
// Of what is said about a body that is no JSON: its path has keys of the provider's.
constexpr std::size_t kMaxFaultBytes = 300;

bool begins_like_json(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

bool is_truthy(const json::Value* value) {
  if (!value || value->is_null()) return false;
  if (const bool* flag = value->boolean()) return *flag;
  if (const std::string* text = value->string()) return !text->empty();
  if (value->number()) return value->as_integer() != 0;
  return true;
}

bool status_matches(const plugin::ErrorRule& rule, int status) {
  if (rule.status && *rule.status != status) return false;
  return !rule.status_range || (status >= rule.status_range->first && status <= rule.status_range->second);
}

bool body_matches(const plugin::ErrorRule& rule, const std::optional<json::Value>& body) {
  if (rule.equals.empty() && rule.truthy.empty() && rule.ranges.empty()) return true;
  if (!body) return false;
  const auto equals = [&](const auto& condition) {
    const json::Value* value = json::at_pointer(*body, condition.first);
    return value && *value == condition.second;
  };
  const auto truthy = [&](const std::string& pointer) { return is_truthy(json::at_pointer(*body, pointer)); };
  const auto in_range = [&](const plugin::PointerRange& range) {
    const json::Value* value = json::at_pointer(*body, range.pointer);
    const auto integer = value ? value->as_integer() : std::nullopt;
    return integer && *integer >= range.low && *integer <= range.high;
  };
  return std::all_of(rule.equals.begin(), rule.equals.end(), equals) &&
         std::all_of(rule.truthy.begin(), rule.truthy.end(), truthy) &&
         std::all_of(rule.ranges.begin(), rule.ranges.end(), in_range);
}

// The first of the places that holds text or a number.
std::string first_text(const std::optional<json::Value>& body, const std::vector<std::string>& pointers) {
  if (!body) return {};
  for (const std::string& pointer : pointers) {
    const json::Value* value = json::at_pointer(*body, pointer);
    if (!value) continue;
    if (const std::string* text = value->string(); text && !text->empty()) return *text;
    if (const json::Number* number = value->number()) return number->text;
  }
  return {};
}

// What a provider says of one field: a text, or several in a list.
std::string field_message(const json::Value& value) {
  if (const std::string* text = value.string()) return *text;
  std::string joined;
  if (value.array())
    for (const json::Value& item : *value.array())
      if (item.string()) joined += (joined.empty() ? "" : ", ") + *item.string();
  return joined;
}

// What a reply blames, from the first of the places that holds an object {field: message} which is not empty.
struct Blame {
  std::string field;    // "$.NAME" of the first member
  std::string message;  // "name: message; name2: message2"
};

Blame find_blame(const std::optional<json::Value>& body, const std::vector<std::string>& pointers) {
  Blame blame;
  if (!body) return blame;
  for (const std::string& pointer : pointers) {
    const json::Value* place = json::at_pointer(*body, pointer);
    if (!place || !place->object() || place->object()->empty()) continue;
    blame.field = json::member_path("$", place->object()->begin()->first);
    std::size_t told = 0;
    for (const auto& [name, value] : *place->object()) {
      if (++told > kMaxBlamedFields) break;
      blame.message += (blame.message.empty() ? "" : "; ") + name + ": " + field_message(value);
    }
    return blame;
  }
  return blame;
}

// "Acme says: The input is wrong (amount: too small; currency: unknown)".
std::string refusal_message(const std::string& name, const std::string& said, const std::string& blame, int status) {
  if (said.empty() && blame.empty()) return name + " answered with HTTP status " + std::to_string(status);
  if (said.empty() || blame.empty()) return name + " says: " + said + blame;
  return name + " says: " + said + " (" + blame + ")";
}

// Kinds by status for replies that no rule of the manifest matches.
ErrorKind default_kind(int status) {
  switch (status) {
    case 400:
    case 422:
      return ErrorKind::kInvalidRequest;
    case 401:
      return ErrorKind::kAuthentication;
    case 403:
      return ErrorKind::kPermissionDenied;
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return ErrorKind::kConflict;
    case 429:
      return ErrorKind::kRateLimited;
    default:
      return ErrorKind::kProvider;
  }
}

bool is_success(int status) { return status >= 200 && status <= 299; }

const plugin::ErrorRule* matching_rule(const plugin::Manifest& manifest, int status,
                                       const std::optional<json::Value>& body) {
  const auto& rules = manifest.errors.rules;
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const plugin::ErrorRule& rule) {
    return status_matches(rule, status) && body_matches(rule, body);
  });
  return found == rules.end() ? nullptr : &*found;
}

Error refusal_error(const plugin::ErrorRule* rule, const plugin::ScriptReply& reply, const http::Response& response,
                    const GatewayConfig& config, UnixMillis now_ms) {
  const plugin::ErrorMap& map = config.manifest().errors;
  const http::ResponseHints hints = http::read_hints(response.headers, now_ms);
  Error error;
  error.kind = rule ? rule->kind : default_kind(response.status);
  error.code = response.status >= 500 ? "provider_failed" : "provider_refused";
  Blame blame = find_blame(reply.json, map.fields);
  error.message =
      refusal_message(config.manifest().name, first_text(reply.json, map.message), blame.message, response.status);
  error.provider_code = first_text(reply.json, map.code);
  error.field = first_text(reply.json, map.field);
  if (error.field.empty()) error.field = std::move(blame.field);
  error.request_id = first_text(reply.json, map.request_id);
  if (const auto id = response.headers.find(map.request_id_header.empty() ? "x-request-id" : map.request_id_header);
      id && error.request_id.empty())
    error.request_id = *id;
  error.sent = Sent::kYes;
  error.retryable = rule ? rule->retryable : response.status == 429 || response.status >= 500;
  error.retry_after_ms = hints.retry_after_ms;
  if (error.kind == ErrorKind::kRateLimited && !error.retry_after_ms)
    error.retry_after_ms = read_rate_hint(config.manifest().rate_limit, response.headers, now_ms).reset_in_ms;
  return error;
}

}  // namespace

Incoming incoming_reply(const http::Response& response, const std::vector<int>& expected, const GatewayConfig& config,
                        Handles& handles, UnixMillis now_ms) {
  Incoming incoming;
  plugin::ScriptReply& reply = incoming.reply;
  reply.status = response.status;
  for (const auto& [name, value] : response.headers)
    reply.headers.emplace_back(to_lower(name), config.redact(handles.redact(value)));
  auto parsed = json::parse(response.body, {.max_bytes = kMaxResponseBytes});
  if (parsed.ok()) {
    reply.json = redacted(config, handles.hide(std::move(parsed).value(), config.manifest().reply_secrets));
  } else {
    reply.body = config.redact(handles.redact(response.body));
    if (begins_like_json(response.body))
      incoming.fault = plugin::plain_text(config.redact(handles.redact(parsed.error().message)), kMaxFaultBytes);
  }

  const bool given_to_script = std::find(expected.begin(), expected.end(), response.status) != expected.end();
  if (given_to_script) return incoming;
  const plugin::ErrorRule* rule = matching_rule(config.manifest(), response.status, reply.json);
  if (rule || !is_success(response.status)) incoming.refusal = refusal_error(rule, reply, response, config, now_ms);
  return incoming;
}

}  // namespace till
