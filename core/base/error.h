// Error: the one shape in which anything that can go wrong crosses a boundary of the core.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace till {

// One value per class of the documented error tree. The numbers are those of `till_status` in till.h: never reused.
enum class ErrorKind : int {
  kInternal = 1,          // a fault of ours
  kConfiguration = 2,     // settings, secrets or options are wrong; nothing was sent
  kInvalidRequest = 3,    // the caller's input is wrong; `field` says where
  kUnsupported = 4,       // the provider has no such operation; nothing was sent
  kAuthentication = 5,    // the provider refused the credentials
  kPermissionDenied = 6,  // the credentials are good but may not do this
  kNotFound = 7,
  kConflict = 8,          // the same idempotency key with another input, or a state that forbids the operation
  kRateLimited = 9,       // `retry_after_ms` says when, if the provider said so
  kBlocked = 10,          // refused as abuse (card, address or merchant); do not simply retry
  kProvider = 11,         // the provider failed or answered against its own documentation
  kTransport = 12,        // no answer: connect, TLS, time-out, reset; `sent` says how far the request went
  kOutcomeUnknown = 13,   // a write was sent and no answer came; ask the provider before trying again
  kWebhookRejected = 14,  // `reason` says why
  kPlugin = 15,           // the provider's script or manifest misbehaved
};

// How far the request went when the error happened.
enum class Sent : int { kNo = 0, kMaybe = 1, kYes = 2 };

// A value: copyable, no ownership. Never holds a secret or card data; whoever fills `message` from outside text redacts
// first.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string code;             // stable snake_case word for programs, e.g. "connect_timeout"
  std::string message;          // one sentence for people: what, where, what to do
  std::string field{};          // where in the input, as "$.amount.currency"; empty when not about input
  std::string provider_code{};  // the provider's own code, as it was
  std::string request_id{};     // the provider's own id of the request, if it gave one
  std::string payment_id{};     // ours; set on kOutcomeUnknown
  std::string reason{};         // set on kWebhookRejected
  std::string settle{};         // set on kOutcomeUnknown: what finds out, "reconcile" or "dashboard"
  Sent sent = Sent::kNo;
  bool retryable = false;  // true when the same call may succeed later without a change
  std::optional<std::int64_t> retry_after_ms{};
};

// "InvalidRequest", "RateLimited", ...: the class names of the documented tree.
std::string_view error_kind_name(ErrorKind kind);
// The inverse; nullopt for an unknown name.
std::optional<ErrorKind> error_kind_from_name(std::string_view name);
// The `code` of an error of which no more is known than its kind: "configuration", "invalid_request", ...
std::string_view default_code(ErrorKind kind);
// "no", "maybe", "yes".
std::string_view sent_name(Sent sent);

// Short forms for the commonest cases.
Error configuration_error(std::string field, std::string message);
Error invalid_request(std::string field, std::string message);
Error plugin_error(std::string code, std::string message);
Error internal_error(std::string message);

}  // namespace till
