// Error: names of kinds and the short forms.
#include "core/base/error.h"

#include <array>
#include <utility>

namespace till {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 15> kKindNames{{
    {ErrorKind::kInternal, "TillError"},
    {ErrorKind::kConfiguration, "ConfigurationError"},
    {ErrorKind::kInvalidRequest, "InvalidRequest"},
    {ErrorKind::kUnsupported, "Unsupported"},
    {ErrorKind::kAuthentication, "AuthenticationError"},
    {ErrorKind::kPermissionDenied, "PermissionDenied"},
    {ErrorKind::kNotFound, "NotFound"},
    {ErrorKind::kConflict, "Conflict"},
    {ErrorKind::kRateLimited, "RateLimited"},
    {ErrorKind::kBlocked, "Blocked"},
    {ErrorKind::kProvider, "ProviderError"},
    {ErrorKind::kTransport, "TransportError"},
    {ErrorKind::kOutcomeUnknown, "OutcomeUnknown"},
    {ErrorKind::kWebhookRejected, "WebhookRejected"},
    {ErrorKind::kPlugin, "PluginError"},
}};

}  // namespace

std::string_view error_kind_name(ErrorKind kind) {
  for (const auto& [known, name] : kKindNames)
    if (known == kind) return name;
  return "TillError";
}

std::optional<ErrorKind> error_kind_from_name(std::string_view name) {
  for (const auto& [kind, known] : kKindNames)
    if (known == name) return kind;
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
          .code = "configuration",
          .message = std::move(message),
          .field = std::move(field)};
}

Error invalid_request(std::string field, std::string message) {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "invalid_request",
          .message = std::move(message),
          .field = std::move(field)};
}

Error plugin_error(std::string code, std::string message) {
  return {.kind = ErrorKind::kPlugin, .code = std::move(code), .message = std::move(message)};
}

Error internal_error(std::string message) {
  return {.kind = ErrorKind::kInternal, .code = "internal", .message = std::move(message)};
}

}  // namespace till
