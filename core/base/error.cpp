// Error: names of kinds and the short forms.
#include "core/base/error.h"

#include <array>
#include <utility>

namespace till {
namespace {

struct KindWords {
  ErrorKind kind;
  std::string_view name, code;
};

constexpr std::array<KindWords, 15> kKinds{{
    {ErrorKind::kInternal, "TillError", "internal"},
    {ErrorKind::kConfiguration, "ConfigurationError", "configuration"},
    {ErrorKind::kInvalidRequest, "InvalidRequest", "invalid_request"},
    {ErrorKind::kUnsupported, "Unsupported", "unsupported"},
    {ErrorKind::kAuthentication, "AuthenticationError", "authentication"},
    {ErrorKind::kPermissionDenied, "PermissionDenied", "permission_denied"},
    {ErrorKind::kNotFound, "NotFound", "not_found"},
    {ErrorKind::kConflict, "Conflict", "conflict"},
    {ErrorKind::kRateLimited, "RateLimited", "rate_limited"},
    {ErrorKind::kBlocked, "Blocked", "blocked"},
    {ErrorKind::kProvider, "ProviderError", "provider"},
    {ErrorKind::kTransport, "TransportError", "transport"},
    {ErrorKind::kOutcomeUnknown, "OutcomeUnknown", "outcome_unknown"},
    {ErrorKind::kWebhookRejected, "WebhookRejected", "webhook_rejected"},
    {ErrorKind::kPlugin, "PluginError", "plugin"},
}};

const KindWords& words_of(ErrorKind kind) {
  for (const KindWords& words : kKinds)
    if (words.kind == kind) return words;
  return kKinds.front();
}

}  // namespace

std::string_view error_kind_name(ErrorKind kind) { return words_of(kind).name; }
std::string_view default_code(ErrorKind kind) { return words_of(kind).code; }

std::optional<ErrorKind> error_kind_from_name(std::string_view name) {
  for (const KindWords& words : kKinds)
    if (words.name == name) return words.kind;
  return std::nullopt;
}

std::string_view sent_name(Sent sent) {
  switch (sent) {
    case Sent::kNo:
      return "no";
    case Sent::kMaybe:
      return "maybe";
    case Sent::kYes:
      return "yes";
  }
  return "maybe";
}

Error configuration_error(std::string field, std::string message) {
  return {.kind = ErrorKind::kConfiguration,
          .code = std::string(default_code(ErrorKind::kConfiguration)),
          .message = std::move(message),
          .field = std::move(field)};
}

Error invalid_request(std::string field, std::string message) {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = std::string(default_code(ErrorKind::kInvalidRequest)),
          .message = std::move(message),
          .field = std::move(field)};
}

Error plugin_error(std::string code, std::string message) {
  return {.kind = ErrorKind::kPlugin, .code = std::move(code), .message = std::move(message)};
}

Error internal_error(std::string message) {
  return {.kind = ErrorKind::kInternal,
          .code = std::string(default_code(ErrorKind::kInternal)),
          .message = std::move(message)};
}

}  // namespace till
