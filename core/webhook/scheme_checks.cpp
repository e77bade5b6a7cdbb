// The contradictions that a scheme must not have: see scheme_checks.h.
#include "core/webhook/scheme_checks.h"

#include <algorithm>

namespace till::webhook {
namespace {

bool has_kind(const Scheme& scheme, Piece::Kind kind) {
  return std::any_of(scheme.signed_.begin(), scheme.signed_.end(),
                     [kind](const Piece& piece) { return piece.kind == kind; });
}

// A sorted form does not: nothing stands between its names and values, so "a=bc" and "ab=c" have the same signature,
// and so have a field once and the same field twice.
bool binds_body(const Scheme& scheme) {
  return has_kind(scheme, Piece::Kind::kBody) || has_kind(scheme, Piece::Kind::kSortedJson);
}

// What stands in `if_present` does not count: take another value of the group away, and nobody signs this one.
bool has_source(const std::vector<Piece>& pieces, const Source& source) {
  return std::any_of(pieces.begin(), pieces.end(),
                     [&](const Piece& piece) { return piece.kind == Piece::Kind::kSource && piece.source == source; });
}

// Whether the value at the source cannot be changed without breaking the signature.
bool is_signed(const Scheme& scheme, const Source& source) {
  if (scheme.method != Scheme::Method::kSignature) return false;
  switch (source.kind) {
    case Source::Kind::kJson:
    case Source::Kind::kForm:
      return binds_body(scheme) || has_source(scheme.signed_, source);
    case Source::Kind::kQuery:
      return has_kind(scheme, Piece::Kind::kUrl) || has_source(scheme.signed_, source);
    case Source::Kind::kJwsMember:
      return scheme.carrier.format == Carrier::Format::kJws;  // the JWS header is part of what is signed
    default:
      return has_source(scheme.signed_, source);
  }
}

bool is_public(KeyForm form) { return form == KeyForm::kPem || form == KeyForm::kSpki || form == KeyForm::kJwk; }

Status check_key(const Node& root, const Scheme& scheme) {
  if (scheme.method == Scheme::Method::kToken && scheme.carrier.format != Carrier::Format::kRaw)
    return root.error("a token stands alone: `format` must be \"raw\"");
  if (scheme.method != Scheme::Method::kSignature) return {};
  const bool shared = is_hmac(scheme.algorithm) || is_plain_hash(scheme.algorithm);
  // An Ed25519 key is 32 bytes, which any form can hold.
  const bool raw_ed25519 = scheme.algorithm == Algorithm::kEd25519 && scheme.key != KeyForm::kSha1;
  if (shared ? is_public(scheme.key) : !is_public(scheme.key) && !raw_ed25519)
    return root.find("key")->error("does not go with this algorithm");
  if (is_plain_hash(scheme.algorithm) != has_kind(scheme, Piece::Kind::kSecret))
    return root.find("signed")->error("has the secret inside exactly when the algorithm is a plain hash");
  const bool jws = scheme.carrier.format == Carrier::Format::kJws;
  const bool jws_algorithm =
      scheme.algorithm == Algorithm::kEcdsaP521Raw || scheme.algorithm == Algorithm::kEcdsaP256Raw ||
      scheme.algorithm == Algorithm::kRsaPkcs1Sha256 || scheme.algorithm == Algorithm::kRsaPkcs1Sha512;
  if (jws && !jws_algorithm) return root.find("algorithm")->error("is none of RS256, RS512, ES256 and ES512");
  if (jws && scheme.encoding != Encoding::kBase64Url) return root.find("encoding")->error("a JWS is base64url");
  return {};
}

Status check_covers(const Node& root, const Scheme& scheme) {
  const Node covers = *root.find("signed_covers");
  const bool is_signature = scheme.method == Scheme::Method::kSignature;
  if (is_signature == (scheme.covers == Covers::kNothing))
    return covers.error("is \"nothing\" exactly when there is no signature");
  if (scheme.covers == Covers::kBody && !binds_body(scheme))
    return covers.error("the body is not among what is signed");
  return {};
}

}  // namespace

Status check_consistent(const Node& root, const Scheme& scheme) {
  TILL_TRY(check_key(root, scheme));
  TILL_TRY(check_covers(root, scheme));
  if (scheme.freshness && !is_signed(scheme, scheme.freshness->source))
    return root.find("freshness")->error("the time is not among what is signed, so anybody may change it");
  const Node dedupe = *root.find("dedupe");
  if (scheme.dedupe == Scheme::Dedupe::kSource && !is_signed(scheme, scheme.dedupe_source))
    return dedupe.error("the key is not among what is signed, so anybody may change it");
  if (scheme.dedupe == Scheme::Dedupe::kSigned && scheme.method != Scheme::Method::kSignature)
    return dedupe.error("nothing is signed");
  return {};
}

}  // namespace till::webhook
