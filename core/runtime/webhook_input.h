// What webhooks.receive takes: a request that a provider made, or somebody who says so, as the shop's server got it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/json/value.h"

namespace till {

// Far above any documented notification. What is larger is refused unread: the address of a webhook is open to anyone.
inline constexpr std::size_t kMaxWebhookBodyBytes = 256 * kKiB;

// Reads {"headers": {...} or [["name", "value"], ...], "body": text} or, for bytes that are no UTF-8, "body_base64",
// and returns what a script sees: {headers (lower-case names), text, and json or form by what the body is}.
//
// kInvalidRequest with the place when the caller's input is wrong. kWebhookRejected, reason "too_large" or "malformed",
// when the request itself is no good; whoever sent it gets HTTP status 400.
Result<json::Value> read_webhook_input(std::string_view input_json);

// kWebhookRejected.
Error webhook_rejected(std::string reason, std::string message);

}  // namespace till
