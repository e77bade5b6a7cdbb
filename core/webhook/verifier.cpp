// The order of the steps: limits, signatures, time, bytes, keys. Each leaves with one kind of refusal.
#include "core/webhook/verifier.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/base/utf8.h"
#include "core/crypto/constant_time.h"
#include "core/crypto/digest.h"
#include "core/webhook/comparison.h"
#include "core/webhook/freshness.h"
#include "core/webhook/reading.h"
#include "core/webhook/reason.h"
#include "core/webhook/signed_parts.h"

namespace till::webhook {
namespace {

// Why no key was found, given what was in force and what answered to the signatures' names.
Error no_signer(bool any_known, bool any_in_force) {
  if (!any_known) return rejected(Reason::kUnknownKey, "no secret has the key id that the signature names");
  if (!any_in_force) return rejected(Reason::kKeyNotInForce, "no secret that may have signed is in force at this time");
  return rejected(Reason::kMismatch, "the signature is not that of these bytes by any of the secrets");
}

Status check_size(const Request& request) {
  if (request.body.size() > kMaxSignedBodyBytes) return rejected(Reason::kTooLarge, "the body is larger than 1 MiB");
  if (request.headers.size() > kMaxHeaderFields) return rejected(Reason::kTooMany, "there are more than 256 headers");
  return {};
}

Result<std::optional<UnixMillis>> fresh_time(Reading& reading, UnixMillis received_at) {
  const auto& freshness = reading.scheme().freshness;
  if (!freshness) return std::optional<UnixMillis>();
  TILL_ASSIGN(const std::string_view text, reading.require(freshness->source));
  const auto signed_at = read_time(text, freshness->unit);
  if (!signed_at)
    return rejected(Reason::kMalformedTime, describe(freshness->source) + " is no time as the scheme has it");
  TILL_TRY(check_window(*freshness, *signed_at, received_at));
  return signed_at;
}

std::string digest_of(const SignedParts& parts) {
  std::string text;
  for (const std::string_view piece : parts.pieces.view()) text.append(piece);
  return "sha256:" + hex_encode(byte_view(sha256(text)));
}

bool is_id(std::string_view text) { return !text.empty() && text.size() <= kMaxIdLength && is_valid_utf8(text); }

// From signed bytes only. A body without the member that would name the event is named by all of what is signed.
std::string dedupe_key(Reading& reading, const SignedParts& parts) {
  const Scheme& scheme = reading.scheme();
  if (scheme.dedupe == Scheme::Dedupe::kNone) return {};
  if (scheme.dedupe == Scheme::Dedupe::kSource) {
    const auto value = reading.find(scheme.dedupe_source);
    if (value.ok() && *value && is_id(**value)) return std::string(**value);
  }
  return digest_of(parts);
}

}  // namespace

std::string_view signature_name(Verified::Signature signature) {
  if (signature == Verified::Signature::kValid) return "valid";
  return signature == Verified::Signature::kToken ? "token" : "none";
}

std::string_view trust_name(Verified::Trust trust) { return trust == Verified::Trust::kSigned ? "signed" : "refetch"; }

Result<Verifier> Verifier::create(Scheme scheme, std::vector<SecretText> secrets,
                                  std::optional<std::int64_t> tolerance_ms) {
  if (tolerance_ms) {
    if (!scheme.freshness) return configuration_error("$.tolerance_ms", "this scheme has no time to check");
    if (*tolerance_ms < 0 || *tolerance_ms > kMaxTime)
      return configuration_error("$.tolerance_ms", "must be 0 or more");
    scheme.freshness->past_ms = scheme.freshness->future_ms = *tolerance_ms;
  }
  TILL_ASSIGN(Keyring keys, make_keyring(scheme, std::move(secrets)));
  return Verifier(std::move(scheme), std::move(keys));
}

void Verifier::name_key(std::size_t index, Verified& out) const {
  out.key_index = index;
  out.key_id = keys_[index].id();
}

// All keys are tried, so that the time says nothing about which one it was.
Result<std::size_t> Verifier::find_token(const Reading& reading, UnixMillis received_at) const {
  std::optional<std::size_t> found;
  bool any_in_force = false;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].in_force(received_at)) continue;
    any_in_force = true;
    for (const Candidate& candidate : reading.candidates())
      if (constant_time_equal(keys_[i].reveal(), candidate.text) && !found) found = i;
  }
  if (found) return *found;
  return no_signer(true, any_in_force);
}

Result<std::size_t> Verifier::find_signer(const Reading& reading, SignedParts& parts, UnixMillis received_at) const {
  DecodedList candidates;
  decode_candidates(reading, candidates);
  const std::span<const Decoded> all = candidates.view();
  if (std::none_of(all.begin(), all.end(), [](const Decoded& one) { return one.readable; }))
    return rejected(Reason::kMalformedSignature, "no signature is in the scheme's encoding");
  std::optional<std::size_t> found;
  bool any_known = false, any_in_force = false;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const Key& key = keys_[i];
    if (std::none_of(all.begin(), all.end(), [&](const Decoded& one) { return key.answers_to(one.key_id); })) continue;
    any_known = true;
    if (!key.in_force(received_at)) continue;
    any_in_force = true;
    if (signed_by(scheme_, key, parts, candidates) && !found) found = i;
  }
  if (found) return *found;
  return no_signer(any_known, any_in_force);
}

Result<Verified> Verifier::verify(const Request& request, UnixMillis received_at) const {
  received_at = std::clamp(received_at, kMinTime, kMaxTime);
  TILL_TRY(check_size(request));
  Verified out;
  if (scheme_.method == Scheme::Method::kRefetch) return out;
  Reading reading(scheme_, request);
  TILL_TRY(reading.read_carrier());
  if (scheme_.method == Scheme::Method::kToken) {
    TILL_ASSIGN(const std::size_t index, find_token(reading, received_at));
    out.signature = Verified::Signature::kToken;
    name_key(index, out);
    return out;
  }
  TILL_ASSIGN(out.signed_at, fresh_time(reading, received_at));
  SignedParts parts;
  TILL_TRY(fill_signed_parts(reading, parts));
  TILL_ASSIGN(const std::size_t index, find_signer(reading, parts, received_at));
  out.signature = Verified::Signature::kValid;
  out.trust = scheme_.covers == Covers::kBody ? Verified::Trust::kSigned : Verified::Trust::kRefetch;
  name_key(index, out);
  out.dedupe_key = dedupe_key(reading, parts);
  return out;
}

}  // namespace till::webhook
