// Signatures in headers, URLs, forms and JSON: see carrier_writer.h.
#include "core/webhook/carrier_writer.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/json/json.h"
#include "core/webhook/form.h"
#include "core/webhook/reading.h"

namespace till::webhook {
namespace {

Error unreadable(const Source& source, std::string_view what) {
  return invalid_request("$.headers",
                         describe(source) + " " + std::string(what) + "; give its fields, or leave it out");
}

// The form or query with the field at its end and nowhere else; all others stay as they were written.
std::string with_field(std::string_view text, std::string_view name, std::string_view value) {
  std::string out;
  while (!text.empty()) {
    const std::string_view field = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(field.size() + 1, text.size()));
    const auto parsed = parse_form(field);
    if (parsed && !parsed->empty() && parsed->front().first == name) continue;
    out.append(out.empty() ? "" : "&").append(field);
  }
  out.append(out.empty() ? "" : "&").append(percent_encode(name)).append("=").append(percent_encode(value));
  return out;
}

std::string url_with(std::string_view url, std::string_view name, std::string_view value) {
  const std::string_view fragment = url.substr(std::min(url.find('#'), url.size()));
  url.remove_suffix(fragment.size());
  const std::size_t mark = std::min(url.find('?'), url.size());
  const std::string_view query = url.substr(std::min(mark + 1, url.size()));
  return std::string(url.substr(0, mark)) + "?" + with_field(query, name, value) + std::string(fragment);
}

// RFC 6901's "~1" and "~0".
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    out += escape ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return out;
}

// The JSON body with the text at the pointer, whose objects are made where they are missing.
Result<std::string> body_with(std::string_view body, std::string_view pointer, std::string_view text) {
  auto parsed = json::parse(body, {.max_bytes = kMaxSignedBodyBytes});
  if (!parsed.ok()) return invalid_request("$.body", "this scheme has its signature in a JSON body, and this is none");
  json::Value* at = &*parsed;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const std::string_view token = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(token.size());
    const std::string key = unescaped(token);
    if (at->is_null()) *at = json::Object();
    if (!at->object()) return invalid_request("$.body", "the body has no room for the signature: no object is there");
    if (!at->object()->find(key)) at->object()->set(key, nullptr);
    at = at->object()->find(key);
  }
  *at = text;
  return json::write(*parsed);
}

void set_header(Draft& draft, std::string_view name, std::string value) {
  if (std::string* found = find_header(draft, name))
    *found = std::move(value);
  else
    draft.headers.emplace_back(name, std::move(value));
}

}  // namespace

std::string* find_header(Draft& draft, std::string_view name) {
  for (auto& [known, value] : draft.headers)
    if (same_word(known, name)) return &value;
  return nullptr;
}

Result<CarrierWriter> CarrierWriter::create(const Scheme& scheme, std::string key_id, const Draft& draft) {
  CarrierWriter out(scheme, std::move(key_id));
  const Carrier& carrier = scheme.carrier;
  if (carrier.source.kind != Source::Kind::kHeader) return out;
  for (const auto& [name, value] : draft.headers) {
    if (!same_word(name, carrier.source.name) || !value.starts_with(carrier.prefix)) continue;
    const std::string_view given = std::string_view(value).substr(carrier.prefix.size());
    if (carrier.format == Carrier::Format::kPairs) TILL_TRY(out.read_pairs(given));
    if (carrier.format == Carrier::Format::kJws) TILL_TRY(out.read_jws(given));
    break;
  }
  return out;
}

Status CarrierWriter::read_pairs(std::string_view value) {
  const Carrier& carrier = scheme_.carrier;
  bool signature_seen = false;
  while (!value.empty()) {
    const std::string_view item = value.substr(0, value.find(carrier.separator));
    value.remove_prefix(std::min(item.size() + 1, value.size()));
    const std::size_t mark = item.find(carrier.assign);
    if (mark == item.npos || mark == 0) return unreadable(carrier.source, "has a part that is no pair");
    const std::string_view name = item.substr(0, mark);
    signature_seen |= name == carrier.pick;
    if (name == carrier.pick) continue;
    fields_.emplace_back(name, item.substr(mark + 1));
    if (!signature_seen) signature_at_ = fields_.size();
  }
  return {};
}

Status CarrierWriter::read_jws(std::string_view value) {
  const std::string_view header = value.substr(0, value.find("..", 0));
  const auto text = base64url_decode(header);
  auto parsed = text.ok() ? json::parse(*text, {.max_depth = 4}) : invalid_request("", "");
  if (!parsed.ok() || !parsed->object()) return unreadable(scheme_.carrier.source, "does not begin with a JWS header");
  jws_ = std::move(*parsed->object());
  jws_text_ = header;
  return {};
}

std::optional<std::string> CarrierWriter::find(const Source& source) const {
  if (source.kind == Source::Kind::kField) {
    for (const auto& [name, value] : fields_)
      if (name == source.name) return value;
    return std::nullopt;
  }
  const json::Value* member = jws_.find(source.name);
  return member && member->string() ? std::optional(*member->string()) : std::nullopt;
}

void CarrierWriter::set(const Source& source, std::string value) {
  if (source.kind == Source::Kind::kJwsMember) {
    jws_.set(source.name, std::move(value));
    jws_text_.clear();
    return;
  }
  for (auto& [name, known] : fields_)
    if (name == source.name) {
      known = std::move(value);
      return;
    }
  fields_.emplace_back(source.name, std::move(value));
  signature_at_ = fields_.size();
}

std::string CarrierWriter::pairs_with(std::string_view signature) const {
  const Carrier& carrier = scheme_.carrier;
  auto all = fields_;
  all.emplace(all.begin() + static_cast<std::ptrdiff_t>(signature_at_), carrier.pick, signature);
  std::string out;
  for (const auto& [name, value] : all) {
    if (!out.empty()) out += carrier.separator;
    out.append(name).append(1, carrier.assign).append(value);
  }
  return out;
}

std::string CarrierWriter::keyed_with(std::string_view signature) const {
  std::string out;
  for (const std::string& part : scheme_.carrier.layout) {
    if (!out.empty()) out += scheme_.carrier.assign;
    out.append(part == "key_id" ? std::string_view(key_id_) : part == "signature" ? signature : part);
  }
  return out;
}

std::string CarrierWriter::text_of(std::string_view signature) const {
  const Carrier& carrier = scheme_.carrier;
  switch (carrier.format) {
    case Carrier::Format::kRaw:
    case Carrier::Format::kList:
      return carrier.prefix + std::string(signature);
    case Carrier::Format::kVersions:
      return carrier.prefix + carrier.pick + carrier.assign + std::string(signature);
    case Carrier::Format::kPairs:
      return carrier.prefix + pairs_with(signature);
    case Carrier::Format::kKeyed:
      return carrier.prefix + keyed_with(signature);
    case Carrier::Format::kJws: {
      if (!jws_text_.empty()) return carrier.prefix + jws_text_ + ".." + std::string(signature);
      json::Object header{{"alg", jws_name(scheme_.algorithm)}};
      for (const auto& [name, value] : jws_) header.set(name, value);
      return carrier.prefix + base64url_encode(json::write(header)) + ".." + std::string(signature);
    }
  }
  return {};
}

Status CarrierWriter::write(std::string_view signature, Draft& draft) const {
  const Source& source = scheme_.carrier.source;
  const std::string text = text_of(signature);
  switch (source.kind) {
    case Source::Kind::kQuery:
      draft.url = url_with(draft.url, source.name, text);
      return {};
    case Source::Kind::kForm:
      draft.body = with_field(draft.body, source.name, text);
      return {};
    case Source::Kind::kJson: {
      TILL_ASSIGN(draft.body, body_with(draft.body, source.name, text));
      return {};
    }
    default:
      set_header(draft, source.name, text);
      return {};
  }
}

}  // namespace till::webhook
