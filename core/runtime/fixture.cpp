// read_fixture(): the format, member by member.
#include "core/runtime/fixture.h"

#include <algorithm>

#include "core/json/json.h"
#include "core/plugin/manifest_node.h"

namespace till {
namespace {

using plugin::Node;

Status read_text(const Node& parent, std::string_view key, std::string& out) {
  TILL_ASSIGN(const Node node, parent.required(key));
  const std::string* text = node.value().string();
  if (!text || text->empty()) return node.error("must be text that is not empty");
  out = *text;
  return {};
}

// [["name", "value"], ...]
Result<FixtureFields> read_fields(const Node& node) {
  FixtureFields fields;
  TILL_ASSIGN(const auto elements, node.elements());
  for (const Node& element : elements) {
    const json::Array* pair = element.value().array();
    if (!pair || pair->size() != 2 || !(*pair)[0].string() || !(*pair)[1].string())
      return element.error("must be [\"name\", \"value\"], both text");
    fields.emplace_back(*(*pair)[0].string(), *(*pair)[1].string());
  }
  return fields;
}

Status read_expected_headers(const Node& node, FixtureRequest& out) {
  TILL_ASSIGN(const auto members, node.members());
  for (const auto& [name, value] : members) {
    if (!value.value().string() && !value.value().is_null())
      return value.error("must be the header's text, or null for a header that must not be sent");
    out.headers.emplace(name, value.value().string() ? std::optional(*value.value().string()) : std::nullopt);
  }
  return {};
}

Status read_request(const Node& node, FixtureRequest& out) {
  TILL_TRY(node.only({"method", "path", "query", "signed", "headers", "json", "form", "multipart"}));
  TILL_TRY(read_text(node, "method", out.method));
  TILL_TRY(read_text(node, "path", out.path));
  if (const auto query = node.find("query")) {
    TILL_ASSIGN(out.query, read_fields(*query));
  }
  if (node.find("signed")) {
    TILL_ASSIGN(out.authenticated, node.flag("signed"));
  }
  if (const auto headers = node.find("headers")) TILL_TRY(read_expected_headers(*headers, out));
  if (const auto body = node.find("json")) out.json = body->value();
  if (const auto form = node.find("form")) {
    TILL_ASSIGN(out.form, read_fields(*form));
  }
  if (const auto multipart = node.find("multipart")) {
    TILL_ASSIGN(out.multipart, read_fields(*multipart));
  }
  if (out.json.has_value() + out.form.has_value() + out.multipart.has_value() > 1)
    return node.error("has one body: `json`, `form` or `multipart`");
  return {};
}

Status read_reply_headers(const Node& node, http::Headers& out) {
  TILL_ASSIGN(const auto members, node.members());
  for (const auto& [name, value] : members) {
    const std::string* text = value.value().string();
    if (!text) return value.error("must be the header's text");
    out.set(name, *text);
  }
  return {};
}

Status read_reply(const Node& node, FixtureReply& out) {
  TILL_TRY(node.only({"status", "headers", "json", "text"}));
  TILL_ASSIGN(const Node status, node.required("status"));
  const auto number = status.value().as_integer();
  if (!number || *number < 100 || *number > 599) return status.error("must be an HTTP status from 100 to 599");
  out.response.status = static_cast<int>(*number);
  const auto body = node.find("json");
  const auto text = node.find("text");
  if (body && text) return node.error("has one body: `json` or `text`");
  if (text) {
    if (!text->value().string()) return text->error("must be text");
    out.response.headers.add("content-type", "text/plain");
    out.response.body = *text->value().string();
  }
  if (body) {
    out.response.headers.add("content-type", "application/json");
    out.response.body = json::write(body->value());
    out.json = body->value();
  }
  const auto headers = node.find("headers");
  return headers ? read_reply_headers(*headers, out.response.headers) : Status();
}

Status read_exchanges(const Node& root, Fixture& out) {
  const auto exchanges = root.find("exchanges");
  if (!exchanges) return {};
  TILL_ASSIGN(const auto elements, exchanges->elements());
  for (const Node& element : elements) {
    TILL_TRY(element.only({"request", "reply"}));
    TILL_ASSIGN(const Node request, element.required("request"));
    TILL_ASSIGN(const Node reply, element.required("reply"));
    FixtureExchange& exchange = out.exchanges.emplace_back();
    TILL_TRY(read_request(request, exchange.request));
    TILL_TRY(read_reply(reply, exchange.reply));
  }
  return {};
}

Status read_error(const Node& node, Fixture& out) {
  constexpr std::string_view kTexts[] = {"code", "message", "field", "provider_code", "request_id"};
  TILL_TRY(
      node.only({"kind", "code", "message", "field", "provider_code", "request_id", "retryable", "retry_after_ms"}));
  FixtureError error;
  TILL_TRY(read_text(node, "kind", error.kind));
  if (!error_kind_from_name(error.kind)) return node.error("`kind` must be an error class such as InvalidRequest");
  for (const std::string_view key : kTexts) {
    const auto text = node.find(key);
    if (!text) continue;
    if (!text->value().string()) return text->error("must be text");
    error.texts.emplace(key, *text->value().string());
  }
  if (node.find("retryable")) {
    TILL_ASSIGN(error.retryable, node.flag("retryable"));
  }
  if (const auto after = node.find("retry_after_ms")) {
    error.retry_after_ms = after->value().as_integer();
    if (!error.retry_after_ms) return after->error("must be an integer of milliseconds");
  }
  out.error = std::move(error);
  return {};
}

Status read_end(const Node& root, Fixture& out) {
  if (const auto output = root.find("output")) out.output = output->value();
  if (const auto pointer = root.find("output_is_reply")) {
    const std::string* text = pointer->value().string();
    if (!text) return pointer->error("must be a JSON pointer into the last reply, such as /data");
    out.output_is_reply = *text;
  }
  if (const auto error = root.find("error")) TILL_TRY(read_error(*error, out));
  if (out.output.has_value() + out.output_is_reply.has_value() + out.error.has_value() != 1)
    return root.error("needs one end: `output`, `output_is_reply` or `error`");
  if (out.output_is_reply && (out.exchanges.empty() || !out.exchanges.back().reply.json))
    return root.error("`output_is_reply` needs a last exchange whose reply has `json`");
  return {};
}

Status read_members(const Node& root, Fixture& out) {
  TILL_TRY(root.only(
      {"name", "source", "operation", "settings", "now", "input", "exchanges", "output", "output_is_reply", "error"}));
  TILL_TRY(read_text(root, "name", out.name));
  TILL_TRY(read_text(root, "source", out.source));
  TILL_TRY(read_text(root, "operation", out.operation));
  TILL_ASSIGN(const Node settings, root.required("settings"));
  if (!settings.value().object()) return settings.error("must be an object");
  out.settings = settings.value();
  TILL_ASSIGN(const Node input, root.required("input"));
  if (!input.value().object()) return input.error("must be an object");
  out.input = input.value();
  if (const auto now = root.find("now")) {
    const auto now_ms = now->value().as_integer();
    if (!now_ms || *now_ms < 0) return now->error("must be milliseconds since 1970, an integer");
    out.now_ms = *now_ms;
  }
  TILL_TRY(read_exchanges(root, out));
  return read_end(root, out);
}

}  // namespace

Result<Fixture> read_fixture(const json::Value& document) {
  Fixture fixture;
  Status read = read_members(Node(document, "$"), fixture);
  if (read.ok()) return fixture;
  read.error().code = "fixture";
  return std::move(read).error();
}

}  // namespace till
