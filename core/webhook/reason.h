// Why a webhook is refused: one word for programs and one sentence for people.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"

namespace till::webhook {

enum class Reason {
  kMissingSignature,     // the place of the signature is empty or absent
  kMissingValue,         // something else that is signed, or the time, is absent
  kMalformedSignature,   // no signature there can be read
  kMalformedTime,        // the time is not in its one canonical form
  kMalformedBody,        // the body is not the JSON or the form that the scheme reads
  kRepeatedHeader,       // a header that may stand once stands twice
  kTooLarge,             // the body or a header is beyond its limit
  kTooMany,              // more signatures or fields than the limit
  kTooOld,               // the time is before the window
  kTooNew,               // the time is after the window
  kUnexpectedAlgorithm,  // the message names another algorithm than the scheme
  kUnknownKey,           // no secret has the key id that the signature names
  kKeyNotInForce,        // every secret that could have signed is not valid yet or any more
  kMismatch,             // no signature is that of these bytes by any of the secrets
};

// "missing_signature", "too_old", ...: the `reason` of WebhookRejected.
std::string_view reason_name(Reason reason);

// What to answer the sender of a webhook that is refused for this reason, one of ours or another word: 413 when it is
// too large, 401 when it does not prove who sent it, 400 when it makes no sense.
int refusal_http_status(std::string_view reason);

// The refusal. `message` names places, and never what the sender wrote there.
Error rejected(Reason reason, std::string message);

}  // namespace till::webhook
