// Reading and writing the bindings' JSON: see json_forms.h.
#include "core/webhook/json_forms.h"

#include <algorithm>
#include <initializer_list>

#include "core/base/encoding.h"
#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/base/utf8.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/webhook/explain.h"
#include "core/webhook/schemes.h"
#include "core/webhook/signer.h"

namespace till::webhook {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

Result<std::optional<UnixMillis>> read_moment(const json::Value& object, std::string_view key,
                                              const std::string& place) {
  const json::Value* given = object.find(key);
  if (!given || given->is_null()) return std::optional<UnixMillis>();
  const auto time = given->string() ? parse_time(*given->string()) : invalid_request("", "");
  if (!time.ok())
    return configuration_error(json::member_path(place, key), "must be a time such as 2026-11-20T22:50:00Z");
  return std::optional(*time);
}

SecretText take_text(std::string& text) {
  SecretText out{.text = Secret(text)};
  wipe(text);
  return out;
}

Result<SecretText> read_secret(json::Value& given, const std::string& place) {
  if (given.string()) return take_text(*given.string());
  json::Value* text = given.object() ? given.object()->find("secret") : nullptr;
  if (!text || !text->string())
    return configuration_error(place, "must be text, or an object with the member `secret`");
  SecretText out = take_text(*text->string());
  for (const auto& [key, value] : *given.object())
    if (key != "secret" && key != "id" && key != "not_before" && key != "not_after")
      return configuration_error(json::member_path(place, key), "unknown member");
  out.id = given.find_string("id").value_or("");
  TILL_ASSIGN(out.not_before, read_moment(given, "not_before", place));
  TILL_ASSIGN(out.not_after, read_moment(given, "not_after", place));
  return out;
}

Error header_error(std::string place) {
  return invalid_request(std::move(place), "headers are {\"Name\": \"value\"} or [[\"Name\", \"value\"], ...]");
}

Result<HeaderList> read_headers(const json::Value* given) {
  HeaderList out;
  if (!given || given->is_null()) return out;
  if (const json::Object* object = given->object()) {
    for (const auto& [name, value] : *object) {
      if (!value.string()) return header_error(json::member_path("$.headers", name));
      out.emplace_back(name, *value.string());
    }
    return out;
  }
  if (!given->array()) return header_error("$.headers");
  for (std::size_t i = 0; i < given->array()->size(); ++i) {
    const json::Array* pair = (*given->array())[i].array();
    if (!pair || pair->size() != 2 || !(*pair)[0].string() || !(*pair)[1].string())
      return header_error(json::element_path("$.headers", i));
    out.emplace_back(*(*pair)[0].string(), *(*pair)[1].string());
  }
  return out;
}

Status check_members(const json::Value& request, std::initializer_list<std::string_view> known,
                     std::string_view listed) {
  if (!request.object()) return invalid_request("$", "the request is a JSON object");
  for (const auto& [key, value] : *request.object())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return invalid_request(json::member_path("$", key), "unknown member; there are " + std::string(listed));
  return {};
}

Result<std::string> read_text(const json::Value& request, std::string_view key) {
  const json::Value* given = request.find(key);
  if (!given || given->is_null()) return std::string();
  if (!given->string() || given->string()->size() > kMaxUrlLength)
    return invalid_request(json::member_path("$", key), "must be text of at most 2048 bytes");
  return *given->string();
}

Result<std::optional<std::int64_t>> read_tolerance(const json::Value& request) {
  const json::Value* given = request.find("tolerance_ms");
  if (!given || given->is_null()) return std::optional<std::int64_t>();
  if (!given->as_integer()) return invalid_request("$.tolerance_ms", "must be a whole number of milliseconds");
  return given->as_integer();
}

Result<Verifier> read_verifier(std::string_view scheme_text, json::Value& request) {
  TILL_ASSIGN(Scheme scheme, read_scheme_text(scheme_text));
  TILL_ASSIGN(const auto tolerance_ms, read_tolerance(request));
  json::Value none = json::Array();
  json::Value* secrets = request.object()->find("secrets");
  TILL_ASSIGN(auto texts, read_secrets(secrets ? *secrets : none));
  return Verifier::create(std::move(scheme), std::move(texts), tolerance_ms);
}

Result<SignOptions> read_sign_options(const json::Value& request) {
  SignOptions out;
  TILL_ASSIGN(out.signed_at, read_moment(request, "at", "$"));
  for (const std::string_view key : {"id", "valid"}) {
    const json::Value* given = request.find(key);
    if (!given || given->is_null()) continue;
    if (key == "id" ? !given->string() : !given->boolean())
      return invalid_request(json::member_path("$", key), key == "id" ? "must be text" : "must be true or false");
    if (key == "id") out.id = *given->string();
    if (key == "valid") out.valid = *given->boolean();
  }
  return out;
}

std::string signed_json(const Draft& draft) {
  json::Array headers;
  for (const auto& [name, value] : draft.headers) headers.push_back(json::Array{name, value});
  json::Object out{{"headers", std::move(headers)}};
  if (is_valid_utf8(draft.body))
    out.set("body", draft.body);
  else
    out.set("body_base64", base64_encode(draft.body));
  out.set("url", draft.url);
  return json::write(out);
}

template <class Use>
auto with_request(const Call& call, std::string_view body, Use use) {
  const std::vector<Header> headers(call.headers.begin(), call.headers.end());
  return use(Request{.headers = headers, .body = body, .url = call.url, .method = call.method});
}

}  // namespace

Result<Scheme> read_scheme_text(std::string_view text) {
  return text.starts_with('{') ? parse_scheme(text) : find_scheme(text);
}

Result<std::vector<SecretText>> read_secrets(json::Value& given) {
  if (!given.array()) return configuration_error("$.secrets", "must be a list");
  std::vector<SecretText> out;
  for (std::size_t i = 0; i < given.array()->size(); ++i) {
    TILL_ASSIGN(SecretText secret, read_secret((*given.array())[i], json::element_path("$.secrets", i)));
    out.push_back(std::move(secret));
  }
  return out;
}

std::string verified_json(const Scheme& scheme, const Verified& verified) {
  json::Object out{{"scheme", scheme.name},
                   {"signature", signature_name(verified.signature)},
                   {"trust", trust_name(verified.trust)},
                   {"key", nullptr},
                   {"signed_at", nullptr},
                   {"dedupe_key", nullptr}};
  if (verified.signature != Verified::Signature::kNone)
    out.set("key", json::Object{{"index", json::Value::integer(static_cast<std::int64_t>(verified.key_index))},
                                {"id", verified.key_id.empty() ? json::Value() : json::Value(verified.key_id)}});
  if (verified.signed_at) out.set("signed_at", format_iso_time(*verified.signed_at));
  if (!verified.dedupe_key.empty()) out.set("dedupe_key", verified.dedupe_key);
  return json::write(out);
}

Result<Call> read_call(std::string_view scheme, std::string_view request_json) {
  TILL_ASSIGN(json::Value request, json::parse(request_json, {.max_bytes = kMaxInputBytes}));
  TILL_TRY(check_members(request, {"headers", "secrets", "url", "method", "received_at", "tolerance_ms"},
                         "headers, secrets, url, method, received_at and tolerance_ms"));
  TILL_ASSIGN(Verifier verifier, read_verifier(scheme, request));
  Call out{.verifier = std::move(verifier), .headers = {}, .url = {}, .method = {}, .received_at = {}};
  TILL_ASSIGN(out.headers, read_headers(request.find("headers")));
  TILL_ASSIGN(out.url, read_text(request, "url"));
  TILL_ASSIGN(out.method, read_text(request, "method"));
  TILL_ASSIGN(out.received_at, read_moment(request, "received_at", "$"));
  return out;
}

Result<std::string> verify_call(const Call& call, std::string_view body, UnixMillis now_ms) {
  TILL_ASSIGN(const Verified verified, with_request(call, body, [&](const Request& request) {
                return call.verifier.verify(request, call.received_at.value_or(now_ms));
              }));
  return verified_json(call.verifier.scheme(), verified);
}

Result<std::optional<SecretText>> read_one_secret(json::Value& given, const std::string& place) {
  if (given.is_null()) return std::optional<SecretText>();
  TILL_ASSIGN(SecretText secret, read_secret(given, place));
  return std::optional(std::move(secret));
}

Result<std::string> sign_call(std::string_view scheme_text, std::string_view request_json, std::string_view body,
                              const Clock& clock) {
  TILL_ASSIGN(const Scheme scheme, read_scheme_text(scheme_text));
  TILL_ASSIGN(json::Value request, json::parse(request_json, {.max_bytes = kMaxInputBytes}));
  TILL_TRY(check_members(request, {"headers", "secret", "url", "method", "at", "id", "valid"},
                         "headers, secret, url, method, at, id and valid"));
  json::Value none;
  json::Value* given = request.object()->find("secret");
  TILL_ASSIGN(auto secret, read_one_secret(given ? *given : none, "$.secret"));
  Draft draft{.headers = {}, .body = std::string(body)};
  TILL_ASSIGN(draft.headers, read_headers(request.find("headers")));
  TILL_ASSIGN(draft.url, read_text(request, "url"));
  TILL_ASSIGN(draft.method, read_text(request, "method"));
  TILL_ASSIGN(const SignOptions options, read_sign_options(request));
  TILL_ASSIGN(const Draft made, sign(scheme, std::move(secret), std::move(draft), options, clock));
  return signed_json(made);
}

std::string explain_call(const Call& call, std::string_view body, UnixMillis now_ms) {
  return with_request(call, body, [&](const Request& request) {
    return json::write(explain(call.verifier, request, call.received_at.value_or(now_ms)));
  });
}

}  // namespace till::webhook
