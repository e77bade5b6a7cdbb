// body_differences(): JSON, forms and multipart forms.
#include "core/runtime/fixture_body.h"

#include <optional>
#include <string_view>
#include <utility>

#include "core/json/json.h"
#include "core/webhook/form.h"

namespace till {
namespace {

using Differences = std::vector<json::Difference>;

json::Value fields_value(const FixtureFields& fields) {
  json::Array out;
  for (const auto& [name, value] : fields) out.push_back(json::Array{name, value});
  return out;
}

std::string type_of(const http::Request& request) {
  return std::string(request.headers.find("content-type").value_or(""));
}

Differences wrong_type(const http::Request& request, std::string_view expected, const std::string& place) {
  return {{place, "expected a body of type " + std::string(expected) + ", got " +
                      (request.body.empty() ? "none" : "one of type " + type_of(request))}};
}

// The nonce that was sent, when it may stand for the placeholder.
std::optional<std::int64_t> nonce_of(const json::Value& sent, std::int64_t least, std::int64_t last) {
  const auto nonce = sent.find_integer("nonce");
  return nonce && *nonce >= least && *nonce > last ? nonce : std::nullopt;
}

// Byte for byte, for the body may be signed: the order of members and the text of numbers count.
Differences json_differences(json::Value expected, const http::Request& request, UnixMillis now_ms,
                             std::int64_t& last_nonce, const std::string& place) {
  if (!type_of(request).starts_with("application/json")) return wrong_type(request, "application/json", place);
  const auto sent = json::parse(request.body);
  if (!sent.ok()) return {{place, "the body is no JSON"}};
  const auto placeholder = expected.find_string("nonce");
  if (placeholder == "NONCE" || placeholder == "COUNT") {
    const auto nonce = nonce_of(*sent, placeholder == "NONCE" ? now_ms : 0, last_nonce);
    if (!nonce) return {{place + ".nonce", "expected a nonce that is an integer and grows"}};
    last_nonce = *nonce;
    expected.object()->set("nonce", json::Value::integer(*nonce));
  }
  Differences found = json::differences(expected, *sent, place);
  if (found.empty() && request.body != json::write(expected))
    found.push_back(
        {place, "the same values in other bytes: expected " + json::write(expected) + ", got " + request.body});
  return found;
}

Differences form_differences(const FixtureFields& expected, const http::Request& request, const std::string& place) {
  constexpr std::string_view kType = "application/x-www-form-urlencoded";
  if (!type_of(request).starts_with(kType)) return wrong_type(request, kType, place);
  const auto fields = webhook::parse_form(request.body);
  if (!fields) return {{place, "expected a form, got " + request.body}};
  return json::differences(fields_value(expected), fields_value(*fields), place);
}

// The text fields of a multipart/form-data body; nullopt when it is none (RFC 7578).
std::optional<FixtureFields> multipart_fields(std::string_view body, const std::string& boundary) {
  constexpr std::string_view kName = "name=\"";
  FixtureFields fields;
  const std::string delimiter = "--" + boundary;
  if (!body.starts_with(delimiter)) return std::nullopt;
  body.remove_prefix(delimiter.size());
  while (body.starts_with("\r\n")) {
    body.remove_prefix(2);
    const std::size_t head_end = body.find("\r\n\r\n");
    const std::size_t end = body.find("\r\n" + delimiter);
    if (head_end == std::string_view::npos || end == std::string_view::npos || end < head_end + 2) return std::nullopt;
    const std::string_view head = body.substr(0, head_end);
    const std::size_t name = head.find(kName);
    if (name == std::string_view::npos) return std::nullopt;
    const std::string_view named = head.substr(name + kName.size());
    const std::size_t begin = head_end + 4;
    fields.emplace_back(named.substr(0, named.find('"')), end < begin ? "" : body.substr(begin, end - begin));
    body.remove_prefix(end + 2 + delimiter.size());
  }
  return body.starts_with("--") ? std::optional(std::move(fields)) : std::nullopt;
}

Differences multipart_differences(const FixtureFields& expected, const http::Request& request,
                                  const std::string& place) {
  constexpr std::string_view kType = "multipart/form-data; boundary=";
  const std::string type = type_of(request);
  if (!type.starts_with(kType)) return wrong_type(request, "multipart/form-data", place);
  const auto sent = multipart_fields(request.body, type.substr(kType.size()));
  if (!sent) return {{place, "the body is no multipart form"}};
  return json::differences(fields_value(expected), fields_value(*sent), place);
}

}  // namespace

Differences body_differences(const FixtureRequest& expected, const http::Request& request, UnixMillis now_ms,
                             std::int64_t& last_nonce, const std::string& place) {
  if (expected.json) return json_differences(*expected.json, request, now_ms, last_nonce, place + ".json");
  if (expected.form) return form_differences(*expected.form, request, place + ".form");
  if (expected.multipart) return multipart_differences(*expected.multipart, request, place + ".multipart");
  if (request.body.empty()) return {};
  return {{place, "has no body in the fixture, but one of type " + type_of(request) + " is sent"}};
}

}  // namespace till
