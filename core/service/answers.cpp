#include "core/service/answers.h"

#include <utility>

#include "core/json/json.h"
#include "core/runtime/error_json.h"
#include "core/webhook/reason.h"

namespace till::service {

http::Response json_answer(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

http::Response text_answer(int status, std::string_view line) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::string(line) + "\n";
  return response;
}

http::Response error_answer(const Error& error) {
  http::Response response = json_answer(status_of_call(error), error_json(error));
  if (error.retry_after_ms) response.headers.add("Retry-After", std::to_string((*error.retry_after_ms + 999) / 1000));
  return response;
}

http::Response refusal_answer(int status, std::string_view error, std::string_view message) {
  return json_answer(status, json::write(json::Object{{"error", error}, {"message", message}}));
}

// 401 and 403 are the service's own words about the token, so what a provider said of the gateway's credentials is 502.
int status_of_call(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalidRequest:
    case ErrorKind::kWebhookRejected:
      return 400;
    case ErrorKind::kNotFound:
      return 404;
    case ErrorKind::kConflict:
      return 409;
    case ErrorKind::kBlocked:
      return 422;
    case ErrorKind::kRateLimited:
      return 429;
    case ErrorKind::kUnsupported:
      return 501;
    case ErrorKind::kAuthentication:
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kProvider:
      return 502;
    case ErrorKind::kTransport:
    case ErrorKind::kOutcomeUnknown:
      return 504;
    case ErrorKind::kInternal:
      return error.code.starts_with("store_") ? 503 : 500;
    case ErrorKind::kConfiguration:
    case ErrorKind::kPlugin:
      return 500;
  }
  return 500;
}

int status_of_webhook(const Error& error) {
  if (error.kind == ErrorKind::kInvalidRequest) return 400;
  if (error.kind == ErrorKind::kUnsupported) return 404;
  if (error.kind != ErrorKind::kWebhookRejected) return 503;
  return webhook::refusal_http_status(error.reason);
}

}  // namespace till::service
