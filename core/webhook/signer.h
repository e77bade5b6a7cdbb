// Signer: makes the request that a sender would send, by the same scheme that verifies it. For tests and tools that
// play a sender: nothing that a shop receives comes through here.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/webhook/keyring.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

// A request that owns its bytes, before and after it is signed.
struct Draft {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string url{}, method{};
};

struct SignOptions {
  std::optional<UnixMillis> signed_at{};  // now, when absent
  std::optional<std::string> id{};        // a new one, when absent
  bool valid = true;                      // false: one bit of the signature is wrong
};

// The draft, signed. What the scheme signs beside the body is filled in where the draft lacks it: the time, the event's
// id, the key's id (the secret's own), the list of signed headers (all that the draft has). What the draft has is kept,
// fields beside an earlier signature too; the signature itself is replaced, and `signed_at` replaces a time. The body
// changes only where the scheme has its signature there. A scheme that verifies nothing takes no secret and changes
// nothing.
//
// `secret` is the one to verify with; for public keys it is the private key: PEM, or for Ed25519 also base64 after
// "whsk_" (32 bytes, or 64 with the public key behind them).
//
// The same arguments give the same bytes, but for ECDSA. Errors: kConfiguration, `field` "$.secret", for a secret in
// the wrong form; kInvalidRequest, for a draft that lacks what only the caller can know, with the place.
Result<Draft> sign(const Scheme& scheme, std::optional<SecretText> secret, Draft draft, const SignOptions& options,
                   const Clock& clock);

}  // namespace till::webhook
