// Building requests: see request_builder.h.
#include "core/plugin/request_builder.h"

#include <algorithm>
#include <optional>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/plugin/handle.h"
#include "core/plugin/json_text.h"
#include "core/plugin/multipart.h"
#include "core/plugin/path_template.h"
#include "core/plugin/plain_text.h"

namespace till::plugin {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Error option_error(const std::string& message) { return plugin_error("script_error", message); }

// The text of a value that can stand in a query, a form or a header.
std::optional<std::string> scalar_text(const json::Value& value) {
  if (const auto* text = value.string()) return *text;
  if (const auto* number = value.number()) return number->text;
  if (const auto* boolean = value.boolean()) return *boolean ? "true" : "false";
  return std::nullopt;
}

Status add_pair(const std::string& what, std::string_view name, const json::Value& value, Pairs& out) {
  if (value.is_null()) return {};
  const auto text = scalar_text(value);
  if (!text) return option_error(what + "." + plain_text(name, 60) + " takes a string, a number or a boolean");
  if (name.empty()) return option_error(what + " has a field without a name");
  if (out.size() == kMaxQueryFields) return option_error(what + " has more than 200 fields");
  out.emplace_back(name, *text);
  return {};
}

// A map, already sorted by name, or a list of {name, value}.
Result<Pairs> pairs_of(const std::string& what, const json::Value& value) {
  Pairs pairs;
  if (const auto* object = value.object()) {
    for (const auto& [name, member] : *object) TILL_TRY(add_pair(what, name, member, pairs));
    return pairs;
  }
  if (value.array() == nullptr) return option_error(what + " takes a table of fields");
  for (const json::Value& element : *value.array()) {
    const auto* pair = element.array();
    if (pair == nullptr || pair->empty() || pair->size() > 2 || (*pair)[0].string() == nullptr)
      return option_error(what + " takes pairs {name, value} or a map");
    if (pair->size() == 2) TILL_TRY(add_pair(what, *(*pair)[0].string(), (*pair)[1], pairs));
  }
  return pairs;
}

Status add_headers(const Manifest& manifest, const json::Value& value, ScriptRequest& request) {
  if (value.object() == nullptr) return option_error("opts.headers takes a map");
  for (const auto& [name, member] : *value.object()) {
    const auto& allowed = manifest.script_headers;
    if (std::none_of(allowed.begin(), allowed.end(),
                     [&, wanted = std::string_view(name)](const auto& known) { return same_word(known, wanted); }))
      return option_error("header \"" + plain_text(name, 60) + "\" is not in the manifest's script_headers");
    const auto text = scalar_text(member);
    if (!text) return option_error("header \"" + plain_text(name, 60) + "\" takes a string, a number or a boolean");
    const bool bad = std::any_of(text->begin(), text->end(), is_control);
    if (!is_handle(*text) && (bad || text->size() > kMaxHeaderValueBytes))
      return option_error("header \"" + plain_text(name, 60) + "\" holds control characters or is too long");
    request.headers.emplace_back(name, *text);
  }
  return {};
}

Status add_expect(const json::Value& value, ScriptRequest& request) {
  if (value.object() != nullptr && value.object()->empty()) return {};  // an empty table
  if (value.array() == nullptr) return option_error("opts.expect takes a list of statuses");
  for (const json::Value& element : *value.array()) {
    const auto status = element.as_integer();
    if (!status || *status < 100 || *status > 599) return option_error("opts.expect takes statuses from 100 to 599");
    request.expect.push_back(static_cast<int>(*status));
  }
  return {};
}

Status add_flag(const std::string& name, const json::Value& value, bool& flag) {
  if (value.boolean() == nullptr) return option_error("opts." + name + " takes true or false");
  flag = *value.boolean();
  return {};
}

Status add_json_body(const json::Value& value, ScriptRequest& request) {
  request.content_type = "application/json";
  write_json_with_handles(value, request.body);
  return {};
}

Status add_form_body(const json::Value& value, ScriptRequest& request) {
  TILL_ASSIGN(const Pairs pairs, pairs_of("opts.form", value));
  request.content_type = "application/x-www-form-urlencoded";
  for (const auto& [name, text] : pairs) {
    if (!request.body.empty()) request.body += '&';
    percent_encode_between_handles(name, request.body);
    request.body += '=';
    percent_encode_between_handles(text, request.body);
  }
  return {};
}

Status add_multipart_body(const json::Value& value, ScriptRequest& request) {
  TILL_ASSIGN(const Pairs pairs, pairs_of("opts.multipart", value));
  MultipartBody made = multipart_body(pairs);
  request.content_type = std::move(made.content_type);
  request.body = std::move(made.body);
  return {};
}

Status add_option(const Manifest& manifest, const std::string& name, const json::Value& value, ScriptRequest& request) {
  if (name == "headers") return add_headers(manifest, value, request);
  if (name == "expect") return add_expect(value, request);
  if (name == "auth") return add_flag(name, value, request.authenticate);
  if (name == "read") return add_flag(name, value, request.read);
  if (name == "idempotent") return add_flag(name, value, request.idempotent);
  if (name == "optional") return add_flag(name, value, request.optional);
  if (name == "once") return add_flag(name, value, request.once);
  if (name == "json") return add_json_body(value, request);
  if (name == "form") return add_form_body(value, request);
  if (name == "multipart") return add_multipart_body(value, request);
  if (name == "query") {
    TILL_ASSIGN(request.query, pairs_of("opts.query", value));
    return {};
  }
  if (name == "path" && value.object() != nullptr) return {};  // expanded already
  if (name == "path") return option_error("opts.path takes a map");
  return option_error(
      "opts." + plain_text(name, 60) +
      " is unknown; there are auth, expect, form, headers, idempotent, json, multipart, once, optional, path, query, "
      "read");
}

Status check_body(const json::Value& options, std::size_t max_body, const ScriptRequest& request) {
  const auto given = [&](std::string_view name) { return options.find(name) == nullptr ? 0 : 1; };
  if (given("json") + given("form") + given("multipart") > 1)
    return option_error("a request takes one of opts.json, opts.form and opts.multipart");
  if (request.method == "GET" && !request.content_type.empty()) return option_error("a GET request takes no body");
  if (request.body.size() > max_body)
    return option_error("the body is larger than " + std::to_string(max_body) + " bytes");
  return {};
}

}  // namespace

void percent_encode_between_handles(std::string_view text, std::string& out) {
  std::size_t at = 0;
  for (auto span = find_handle(text); span; span = find_handle(text, at)) {
    percent_encode(text.substr(at, span->begin - at), out);
    out += text.substr(span->begin, span->size);
    at = span->begin + span->size;
  }
  percent_encode(text.substr(at), out);
}

Result<ScriptRequest> build_request(const Manifest& manifest, std::string_view method, std::string_view path,
                                    const json::Value& options, std::size_t max_body) {
  static const json::Value kNone;
  ScriptRequest request;
  request.method = method;
  request.read = method == "GET";
  const json::Value* values = options.find("path");
  TILL_ASSIGN(request.path, expand_path(manifest, path, values == nullptr ? kNone : *values));
  if (options.object() != nullptr) {
    for (const auto& [name, value] : *options.object()) TILL_TRY(add_option(manifest, name, value, request));
  } else if (!options.is_null()) {
    return option_error("the options of a request are a table with names");
  }
  TILL_TRY(check_body(options, max_body, request));
  if (request.optional && !request.read) return option_error("opts.optional is for requests that change nothing");
  return request;
}

}  // namespace till::plugin
