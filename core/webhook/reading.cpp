// Finding the values at a scheme's places.
#include "core/webhook/reading.h"

#include <utility>

#include "core/base/ascii.h"
#include "core/json/json.h"
#include "core/json/pointer.h"
#include "core/webhook/reason.h"

namespace till::webhook {
namespace {

using Found = std::optional<std::string_view>;

// The value of the only field with this name; nullopt when there is none.
Result<Found> only_one(const FormFields& fields, std::string_view name) {
  Found found;
  for (const auto& [known, value] : fields) {
    if (known != name) continue;
    if (found) return rejected(Reason::kMalformedBody, "a form field that may stand once stands twice");
    found = value;
  }
  return found;
}

}  // namespace

Result<Found> Reading::find_header(std::string_view name) const {
  Found found;
  for (const auto& [known, value] : request_.headers) {
    if (known != name && !same_word(known, name)) continue;  // mostly they come in lower case
    if (found) return rejected(Reason::kRepeatedHeader, "the header " + std::string(name) + " stands twice");
    if (value.size() > kMaxSignatureBytes)
      return rejected(Reason::kTooLarge, "the header " + std::string(name) + " is longer than 8 KiB");
    found = value;
  }
  return found;
}

// Of two fields with the same name, which would be the signed one is anybody's guess. Those that nothing reads, such as
// signatures of other versions, may repeat.
Result<Found> Reading::find_field(std::string_view name) const {
  Found found;
  for (const Field& field : fields_.view()) {
    if (field.name != name) continue;
    if (found) return rejected(Reason::kMalformedSignature, "a field of the signature header stands twice");
    found = field.value;
  }
  return found;
}

Result<Found> Reading::find_json(const json::Value& value, const std::string& pointer) {
  const json::Value* at = json::at_pointer(value, pointer);
  if (!at || at->is_null()) return Found();
  if (const std::string* text = at->string()) return Found(*text);
  if (const json::Number* number = at->number()) return Found(number->text);
  if (const bool* truth = at->boolean()) return Found(*truth ? "true" : "false");
  return rejected(Reason::kMalformedBody, "the body has an object or a list at " + pointer);
}

Result<Found> Reading::find_query(std::string_view name) {
  if (!query_) {
    TILL_ASSIGN(const std::string_view address, url());
    const std::string_view whole = address.substr(0, address.find('#'));
    const std::size_t mark = whole.find('?');
    auto fields = parse_form(mark == whole.npos ? std::string_view() : whole.substr(mark + 1));
    if (!fields) return invalid_request("$.url", "the query of the URL is broken");
    query_ = std::move(fields);
  }
  return only_one(*query_, name);
}

Result<Found> Reading::find(const Source& source) {
  switch (source.kind) {
    case Source::Kind::kHeader:
      return find_header(source.name);
    case Source::Kind::kField:
      return find_field(source.name);
    case Source::Kind::kJwsMember:
      return jws_ ? find_json(*jws_, "/" + source.name) : Found();
    case Source::Kind::kQuery:
      return find_query(source.name);
    case Source::Kind::kJson: {
      TILL_ASSIGN(const json::Value* body, body_json());
      return find_json(*body, source.name);
    }
    case Source::Kind::kForm: {
      TILL_ASSIGN(const FormFields* form, body_form());
      return only_one(*form, source.name);
    }
  }
  return Found();
}

Result<std::string_view> Reading::require(const Source& source) {
  TILL_ASSIGN(const Found found, find(source));
  if (!found || found->empty()) return rejected(Reason::kMissingValue, describe(source) + " is missing");
  return *found;
}

Result<std::string_view> Reading::url() const {
  if (request_.url.empty())
    return invalid_request("$.url",
                           "this scheme needs the public URL to which the webhook was sent, from your configuration");
  return request_.url;
}

Result<std::string_view> Reading::method() const {
  if (request_.method.empty())
    return invalid_request("$.method", "this scheme needs the request's method, such as POST");
  return request_.method;
}

Result<const json::Value*> Reading::body_json() {
  if (!body_json_) {
    auto parsed = json::parse(request_.body, {.max_bytes = kMaxSignedBodyBytes});
    if (!parsed.ok()) return rejected(Reason::kMalformedBody, "the body is no JSON");
    body_json_ = std::move(parsed).value();
  }
  return &*body_json_;
}

Result<const FormFields*> Reading::body_form() {
  if (!body_form_) {
    body_form_ = parse_form(request_.body);
    if (!body_form_) return rejected(Reason::kMalformedBody, "the body is no form");
  }
  return &*body_form_;
}

std::string_view Reading::keep(std::string text) { return kept_.emplace_back(std::move(text)); }

std::string describe(const Source& source) {
  switch (source.kind) {
    case Source::Kind::kHeader:
      return "the header " + source.name;
    case Source::Kind::kField:
      return "the field " + source.name + " beside the signature";
    case Source::Kind::kJwsMember:
      return "the member " + source.name + " of the JWS header";
    case Source::Kind::kQuery:
      return "the URL's parameter " + source.name;
    case Source::Kind::kJson:
      return "the body's " + source.name;
    case Source::Kind::kForm:
      return "the form's field " + source.name;
  }
  return {};
}

}  // namespace till::webhook
