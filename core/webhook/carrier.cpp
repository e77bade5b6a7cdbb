// Finding the signatures that a request offers: the formats of a Carrier.
#include <algorithm>
#include <array>
#include <string>

#include "core/base/encoding.h"
#include "core/json/json.h"
#include "core/webhook/reading.h"
#include "core/webhook/reason.h"

namespace till::webhook {
namespace {

Error malformed(std::string_view what) { return rejected(Reason::kMalformedSignature, std::string(what)); }

Error too_many() { return rejected(Reason::kTooMany, "the signature has more than 32 parts"); }

// Calls take(item) for each item between separators, the empty ones too.
template <class Take>
Status for_each_item(std::string_view text, char separator, Take take) {
  std::size_t count = 0;
  for (;;) {
    const std::string_view item = text.substr(0, text.find(separator));
    if (++count > kMaxSignatureParts) return too_many();
    TILL_TRY(take(item));
    if (item.size() == text.size()) return {};
    text.remove_prefix(item.size() + 1);
  }
}

}  // namespace

std::string_view jws_name(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kRsaPkcs1Sha256:
      return "RS256";
    case Algorithm::kRsaPkcs1Sha512:
      return "RS512";
    case Algorithm::kEcdsaP256Raw:
      return "ES256";
    case Algorithm::kEcdsaP521Raw:
      return "ES512";
    default:
      return "";
  }
}

Status Reading::read_carrier() {
  const Carrier& carrier = scheme_.carrier;
  TILL_ASSIGN(const auto found, find(carrier.source));
  if (!found || found->empty())
    return rejected(Reason::kMissingSignature, describe(carrier.source) + " is missing: the request is not signed");
  if (found->size() > kMaxSignatureBytes)
    return rejected(Reason::kTooLarge, describe(carrier.source) + " is longer than 8 KiB");
  if (!found->starts_with(carrier.prefix)) return malformed("the signature does not begin as the scheme says");
  const std::string_view value = found->substr(carrier.prefix.size());
  switch (carrier.format) {
    case Carrier::Format::kRaw:
      TILL_TRY(add_candidate(value));
      break;
    case Carrier::Format::kVersions:
      TILL_TRY(read_versions(value));
      break;
    case Carrier::Format::kPairs:
      TILL_TRY(read_pairs(value));
      break;
    case Carrier::Format::kList:
      TILL_TRY(read_list(value));
      break;
    case Carrier::Format::kKeyed:
      TILL_TRY(read_keyed(value));
      break;
    case Carrier::Format::kJws:
      TILL_TRY(read_jws(value));
      break;
  }
  if (candidates_.empty())
    return rejected(Reason::kMissingSignature, describe(carrier.source) + " holds no signature named " + carrier.pick);
  if (carrier.key_id.name.empty()) return {};
  TILL_ASSIGN(const std::string_view key_id, require(carrier.key_id));
  for (Candidate& candidate : candidates_.view()) candidate.key_id = key_id;
  return {};
}

Status Reading::add_candidate(std::string_view text, std::string_view key_id) {
  if (text.empty()) return malformed("a signature is empty");
  if (!candidates_.push({text, key_id})) return too_many();
  return {};
}

Status Reading::read_versions(std::string_view value) {
  const Carrier& carrier = scheme_.carrier;
  return for_each_item(value, carrier.separator, [&](std::string_view item) -> Status {
    const std::size_t mark = item.find(carrier.assign);
    if (mark == item.npos) return malformed("a signature in the list has no version");
    if (item.substr(0, mark) != carrier.pick) return {};
    return add_candidate(item.substr(mark + 1));
  });
}

Status Reading::read_pairs(std::string_view value) {
  const Carrier& carrier = scheme_.carrier;
  return for_each_item(value, carrier.separator, [&](std::string_view item) -> Status {
    const std::size_t mark = item.find(carrier.assign);
    if (mark == item.npos || mark == 0) return malformed("a part of the signature header is no pair");
    const std::string_view name = item.substr(0, mark), text = item.substr(mark + 1);
    if (name == carrier.pick) return add_candidate(text);
    return fields_.push({name, text}) ? Status() : too_many();
  });
}

Status Reading::read_list(std::string_view value) {
  return for_each_item(value, scheme_.carrier.separator, [this](std::string_view item) { return add_candidate(item); });
}

Status Reading::read_keyed(std::string_view value) {
  const Carrier& carrier = scheme_.carrier;
  return for_each_item(value, carrier.separator, [&](std::string_view item) -> Status {
    std::string_view key_id, signature;
    std::size_t at = 0;
    TILL_TRY(for_each_item(item, carrier.assign, [&](std::string_view part) -> Status {
      if (at == carrier.layout.size()) return malformed("a signature in the list has too many parts");
      const std::string& expected = carrier.layout[at++];
      if (expected == "key_id")
        key_id = part;
      else if (expected == "signature")
        signature = part;
      else if (part != expected)
        return rejected(Reason::kUnexpectedAlgorithm, "a signature in the list is of another kind than the scheme's");
      return {};
    }));
    if (at != carrier.layout.size() || key_id.empty()) return malformed("a signature in the list has too few parts");
    return add_candidate(signature, key_id);
  });
}

Status Reading::read_jws(std::string_view value) {
  const std::size_t mark = value.find("..");
  if (mark == value.npos || mark == 0 || value.find('.', mark + 2) != value.npos)
    return malformed("the signature is no JWS without its payload");
  jws_header_ = value.substr(0, mark);
  TILL_TRY(check_jws_header());
  return add_candidate(value.substr(mark + 2));
}

// The header's `alg` is compared and never obeyed; its `jku`, `x5u` and `jwk` are not looked at.
Status Reading::check_jws_header() {
  const auto text = base64url_decode(jws_header_);
  if (!text.ok()) return malformed("the JWS header is not base64url");
  auto header = json::parse(*text, {.max_depth = 4});
  if (!header.ok() || !header->object()) return malformed("the JWS header is no JSON object");
  if (header->find("crit")) return malformed("the JWS header demands extensions");
  if (header->find_string("alg") != jws_name(scheme_.algorithm))
    return rejected(Reason::kUnexpectedAlgorithm, "the JWS header names another algorithm than the scheme");
  jws_ = std::move(header).value();
  return {};
}

}  // namespace till::webhook
