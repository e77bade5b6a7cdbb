// Comparing the signatures that a request offers with those of the secrets. Inside the room only.
#pragma once

#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/webhook/bounded.h"
#include "core/webhook/keyring.h"
#include "core/webhook/reading.h"
#include "core/webhook/signed_parts.h"

namespace till::webhook {

// A candidate as bytes.
struct Decoded {
  std::string bytes;
  std::string_view key_id;
  bool readable = false;
};
using DecodedList = Bounded<Decoded, kMaxSignatureParts>;

// Each candidate in the scheme's encoding, strictly.
void decode_candidates(const Reading& reading, DecodedList& out);

// The parts as one text.
std::string joined(const SignedParts& parts);

// What the key makes of the parts where it is a shared secret: an HMAC, or a plain hash. As bytes.
std::string shared_signature(const Scheme& scheme, const Key& key, SignedParts& parts);

// Whether any of the candidates that may be the key's is its signature of the parts. All are compared, in constant time
// each.
bool signed_by(const Scheme& scheme, const Key& key, SignedParts& parts, const DecodedList& candidates);

}  // namespace till::webhook
