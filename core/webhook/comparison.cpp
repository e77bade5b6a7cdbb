// Comparing signatures: see comparison.h.
#include "core/webhook/comparison.h"

#include <utility>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/constant_time.h"
#include "core/crypto/digest.h"
#include "core/crypto/secret.h"

namespace till::webhook {
namespace {

Result<std::string> decode(Encoding encoding, std::string_view text) {
  switch (encoding) {
    case Encoding::kHex:
      return hex_decode(text);
    case Encoding::kBase64:
      return base64_decode(text);
    case Encoding::kBase64Url:
      return base64url_decode(text);
  }
  return std::string();
}

// The bytes of the only code that would be right.
bool any_equal(const Key& key, std::string_view code, const DecodedList& candidates) {
  bool found = false;
  for (const Decoded& candidate : candidates.view())
    found |= candidate.readable && key.answers_to(candidate.key_id) && constant_time_equal(code, candidate.bytes);
  return found;
}

// The hash of the parts with the secret in its places.
std::string plain_hash(Algorithm algorithm, const Key& key, SignedParts& parts) {
  for (const std::size_t at : parts.secret_at.view()) parts.pieces.view()[at] = key.reveal();
  std::string text = joined(parts);
  for (const std::size_t at : parts.secret_at.view()) parts.pieces.view()[at] = {};
  std::string hash;
  if (algorithm == Algorithm::kSha1)
    hash = byte_view(sha1(text));
  else if (algorithm == Algorithm::kSha256)
    hash = byte_view(sha256(text));
  else
    hash = byte_view(sha512(text));
  wipe(text);
  return hash;
}

}  // namespace

std::string joined(const SignedParts& parts) {
  std::string out;
  for (const std::string_view piece : parts.pieces.view()) out.append(piece);
  return out;
}

std::string shared_signature(const Scheme& scheme, const Key& key, SignedParts& parts) {
  if (is_plain_hash(scheme.algorithm)) return plain_hash(scheme.algorithm, key, parts);
  return std::string(key.mac(parts.pieces.view()).bytes());
}

void decode_candidates(const Reading& reading, DecodedList& out) {
  for (const Candidate& candidate : reading.candidates()) {
    auto bytes = decode(reading.scheme().encoding, candidate.text);
    const bool readable = bytes.ok();
    out.push({readable ? std::move(bytes).value() : std::string(), candidate.key_id, readable});
  }
}

bool signed_by(const Scheme& scheme, const Key& key, SignedParts& parts, const DecodedList& candidates) {
  if (is_hmac(scheme.algorithm)) return any_equal(key, key.mac(parts.pieces.view()).bytes(), candidates);
  if (is_plain_hash(scheme.algorithm)) return any_equal(key, plain_hash(scheme.algorithm, key, parts), candidates);
  const std::string message = joined(parts);
  bool found = false;
  for (const Decoded& candidate : candidates.view())
    found |= candidate.readable && key.answers_to(candidate.key_id) &&
             key.verify(signature_algorithm(scheme.algorithm), message, candidate.bytes);
  return found;
}

}  // namespace till::webhook
