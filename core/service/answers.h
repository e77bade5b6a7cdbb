// Answers: the HTTP responses that a service gives.
#pragma once

#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/http/message.h"

namespace till::service {

// JSON text as it is.
http::Response json_answer(int status, std::string body);
// One line of text.
http::Response text_answer(int status, std::string_view line);
// docs/schemas/error.json under the status that fits its kind; with Retry-After when that is known.
http::Response error_answer(const Error& error);
// The same for an error that the service itself has with the request: {"error", "message"}.
http::Response refusal_answer(int status, std::string_view error, std::string_view message);

// The status of a call's error.
int status_of_call(const Error& error);
// The status of a webhook's error: 4xx says that sending it again is of no use, 503 asks for it.
int status_of_webhook(const Error& error);

}  // namespace till::service
