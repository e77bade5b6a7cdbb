#include "core/runtime/error_json.h"

#include <string_view>

#include "core/json/json.h"
#include "core/webhook/reason.h"

namespace till {
namespace {

void set_if_known(json::Object& object, std::string_view key, const std::string& text) {
  if (!text.empty()) object.set(key, text);
}

}  // namespace

std::string error_json(const Error& error) {
  json::Object object;
  object.set("error", error_kind_name(error.kind));
  object.set("status", json::Value::integer(static_cast<int>(error.kind)));
  object.set("code", error.code);
  object.set("message", error.message);
  set_if_known(object, "field", error.field);
  set_if_known(object, "provider_code", error.provider_code);
  set_if_known(object, "request_id", error.request_id);
  set_if_known(object, "payment_id", error.payment_id);
  set_if_known(object, "reason", error.reason);
  set_if_known(object, "settle", error.settle);
  if (error.kind == ErrorKind::kWebhookRejected)
    object.set("http_status", json::Value::integer(webhook::refusal_http_status(error.reason)));
  object.set("sent", sent_name(error.sent));
  object.set("retryable", error.retryable);
  if (error.retry_after_ms) object.set("retry_after_ms", json::Value::integer(*error.retry_after_ms));
  return json::write(object);
}

}  // namespace till
