// Reading webhooks: see webhook_input.h.
#include "core/runtime/webhook_input.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/utf8.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/webhook/form.h"

namespace till {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

Error header_error(std::string place) {
  return invalid_request(std::move(place), "headers are {\"Name\": \"value\"} or [[\"Name\", \"value\"], ...]");
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

// Collects header fields, within the limits for them.
class HeaderReader {
 public:
  Status add(const std::string& place, const json::Value& name, const json::Value& value) {
    if (!name.string() || !value.string()) return header_error(place);
    bytes_ += name.string()->size() + value.string()->size();
    if (headers_.size() == kMaxHeaderFields || bytes_ > kMaxHeaderBytes)
      return webhook_rejected("too_large", "a webhook has more or larger headers than any provider sends");
    headers_.emplace_back(*name.string(), *value.string());
    return {};
  }
  std::vector<std::pair<std::string, std::string>> take() { return std::move(headers_); }

 private:
  std::vector<std::pair<std::string, std::string>> headers_;
  std::size_t bytes_ = 0;
};

Result<std::vector<std::pair<std::string, std::string>>> read_headers(const json::Value* given) {
  HeaderReader reader;
  if (!given || given->is_null()) return reader.take();
  if (const json::Object* object = given->object()) {
    for (const auto& [name, value] : *object) TILL_TRY(reader.add(json::member_path("$.headers", name), name, value));
    return reader.take();
  }
  if (!given->array()) return header_error("$.headers");
  for (std::size_t i = 0; i < given->array()->size(); ++i) {
    const json::Array* pair = (*given->array())[i].array();
    const std::string place = json::element_path("$.headers", i);
    if (!pair || pair->size() != 2) return header_error(place);
    TILL_TRY(reader.add(place, (*pair)[0], (*pair)[1]));
  }
  return reader.take();
}

// Lower-case names; fields of one name are joined as HTTP has it.
json::Object joined(const std::vector<std::pair<std::string, std::string>>& headers) {
  json::Object out;
  for (const auto& [name, value] : headers) {
    const std::string key = lower_case(name);
    const json::Value* earlier = out.find(key);
    out.set(key, earlier ? *earlier->string() + ", " + value : value);
  }
  return out;
}

Result<std::string> read_body(const json::Object& input) {
  const json::Value* text = input.find("body");
  const json::Value* base64 = input.find("body_base64");
  if ((text != nullptr) == (base64 != nullptr))
    return invalid_request("$.body", "give one of `body` (text) and `body_base64`");
  const json::Value& given = text ? *text : *base64;
  if (!given.string()) return invalid_request(text ? "$.body" : "$.body_base64", "expected text");
  if (text) return *given.string();
  auto bytes = base64_decode(*given.string());
  if (!bytes.ok()) return invalid_request("$.body_base64", bytes.error().message);
  return bytes;
}

// Adds `json` or `form` to what the script sees.
Status add_parsed(const std::string& body, std::string_view content_type, json::Object& seen) {
  if (lower_case(content_type).starts_with(kFormType)) {
    json::Object form;
    auto fields = webhook::parse_form(body);
    if (!fields) return webhook_rejected("malformed", "the webhook's form has a broken escape or too many fields");
    for (auto& [name, value] : *fields) {
      if (!is_valid_utf8(name) || !is_valid_utf8(value))
        return webhook_rejected("malformed", "the webhook's form is not UTF-8 text");
      form.set(name, std::move(value));
    }
    seen.set("form", std::move(form));
    return {};
  }
  auto parsed = json::parse(body, {.max_bytes = kMaxWebhookBodyBytes});
  if (!parsed.ok()) return webhook_rejected("malformed", "the webhook's body is neither JSON nor a form");
  seen.set("json", *std::move(parsed));
  return {};
}

}  // namespace

Error webhook_rejected(std::string reason, std::string message) {
  return {.kind = ErrorKind::kWebhookRejected,
          .code = "webhook_rejected",
          .message = std::move(message),
          .reason = std::move(reason)};
}

Result<WebhookRequest> read_webhook_request(std::string_view input_json) {
  if (input_json.size() > kMaxInputBytes)
    return webhook_rejected("too_large", "a webhook has at most " + std::to_string(kMaxWebhookBodyBytes) + " bytes");
  TILL_ASSIGN(const json::Value parsed, json::parse(input_json));
  if (!parsed.object()) return invalid_request("$", "an operation's input is a JSON object");
  for (const auto& [key, value] : *parsed.object())
    if (key != "headers" && key != "body" && key != "body_base64" && key != "query")
      return invalid_request(json::member_path("$", key),
                             "unknown member; there are headers, body, body_base64 and query");
  WebhookRequest request;
  TILL_ASSIGN(request.body, read_body(*parsed.object()));
  if (request.body.size() > kMaxWebhookBodyBytes)
    return webhook_rejected("too_large", "a webhook has at most " + std::to_string(kMaxWebhookBodyBytes) + " bytes");
  TILL_ASSIGN(request.headers, read_headers(parsed.find("headers")));
  if (const json::Value* query = parsed.find("query"); query && !query->is_null()) {
    if (!query->string()) return invalid_request("$.query", "expected text");
    if (query->string()->size() > kMaxUrlLength)
      return webhook_rejected("too_large", "the webhook's query is too long");
    request.query = *query->string();
  }
  return request;
}

Result<json::Value> webhook_seen(const WebhookRequest& request) {
  if (!is_valid_utf8(request.body)) return webhook_rejected("malformed", "the webhook's body is not UTF-8 text");
  json::Object headers = joined(request.headers);
  json::Object seen;
  const json::Value* type = headers.find("content-type");
  TILL_TRY(add_parsed(request.body, type ? *type->string() : std::string(), seen));
  seen.set("headers", std::move(headers));
  seen.set("text", request.body);
  return json::Value(std::move(seen));
}

}  // namespace till
