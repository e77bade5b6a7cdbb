// What webhooks.receive takes: a request that a provider made, or somebody who says so, as the shop's server got it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/json/value.h"

namespace till {

// Far above any documented notification. What is larger is refused unread: the address of a webhook is open to anyone.
inline constexpr std::size_t kMaxWebhookBodyBytes = 256 * kKiB;

// As it came, before any parser but HTTP's.
struct WebhookRequest {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string query;  // what stood behind the "?" of the address, without it
};

// Reads {"headers": {...} or [["name", "value"], ...], "body": text} or, for bytes that are no UTF-8, "body_base64",
// and perhaps {"query": text}. The body stays unread.
//
// kInvalidRequest with the place when the caller's input is wrong; kWebhookRejected, reason "too_large", when the
// request is beyond its limits.
Result<WebhookRequest> read_webhook_request(std::string_view input_json);

// What a script sees: {headers (lower-case names), text, and json or form by what the body is}. kWebhookRejected,
// reason "malformed".
Result<json::Value> webhook_seen(const WebhookRequest& request);

// kWebhookRejected.
Error webhook_rejected(std::string reason, std::string message);

}  // namespace till
