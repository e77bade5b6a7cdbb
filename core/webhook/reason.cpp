// Names of the reasons.
#include "core/webhook/reason.h"

#include <utility>

namespace till::webhook {

std::string_view reason_name(Reason reason) {
  switch (reason) {
    case Reason::kMissingSignature:
      return "missing_signature";
    case Reason::kMissingValue:
      return "missing_value";
    case Reason::kMalformedSignature:
      return "malformed_signature";
    case Reason::kMalformedTime:
      return "malformed_time";
    case Reason::kMalformedBody:
      return "malformed_body";
    case Reason::kRepeatedHeader:
      return "repeated_header";
    case Reason::kTooLarge:
      return "too_large";
    case Reason::kTooMany:
      return "too_many";
    case Reason::kTooOld:
      return "too_old";
    case Reason::kTooNew:
      return "too_new";
    case Reason::kUnexpectedAlgorithm:
      return "unexpected_algorithm";
    case Reason::kUnknownKey:
      return "unknown_key";
    case Reason::kKeyNotInForce:
      return "key_not_in_force";
    case Reason::kMismatch:
      return "mismatch";
  }
  return "mismatch";
}

int refusal_http_status(std::string_view reason) {
  using enum Reason;
  constexpr int kBadRequest = 400, kUnauthorized = 401, kContentTooLarge = 413;
  if (reason == reason_name(kTooLarge)) return kContentTooLarge;
  for (const Reason unproven : {kMissingSignature, kMissingValue, kMalformedSignature, kMalformedTime, kTooOld, kTooNew,
                                kUnexpectedAlgorithm, kUnknownKey, kKeyNotInForce, kMismatch})
    if (reason == reason_name(unproven)) return kUnauthorized;
  return kBadRequest;
}

Error rejected(Reason reason, std::string message) {
  return {.kind = ErrorKind::kWebhookRejected,
          .code = "webhook_rejected",
          .message = std::move(message),
          .reason = std::string(reason_name(reason))};
}

}  // namespace till::webhook
