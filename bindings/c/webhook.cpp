// till_webhook: verification alone, and signing for tests.

#include <string>

#include "bindings/c/handles.h"
#include "core/base/clock.h"
#include "core/webhook/json_forms.h"
#include "core/webhook/schemes.h"

using till::Status;
using till::c::guarded;
using till::c::make_reply;
using till::c::required;
using till::c::text_of;

namespace {

till::Result<till::webhook::Call> read_call(const char* scheme, const char* request_json, till_reply** out) {
  TILL_TRY(required(scheme, "scheme"));
  TILL_TRY(required(request_json, "request_json"));
  TILL_TRY(required(out, "out"));
  return till::webhook::read_call(scheme, request_json);
}

}  // namespace

till_status till_webhook_verify(const char* scheme, const char* request_json, const char* body, size_t body_size,
                                till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_ASSIGN(const auto call, read_call(scheme, request_json, out));
    TILL_ASSIGN(auto verdict, verify_call(call, text_of(body, body_size), till::SystemClock().now_ms()));
    *out = make_reply(std::move(verdict));
    return {};
  });
}

till_status till_webhook_explain(const char* scheme, const char* request_json, const char* body, size_t body_size,
                                 till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_ASSIGN(const auto call, read_call(scheme, request_json, out));
    *out = make_reply(explain_call(call, text_of(body, body_size), till::SystemClock().now_ms()));
    return {};
  });
}

till_status till_webhook_sign(const char* scheme, const char* request_json, const char* body, size_t body_size,
                              till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(scheme, "scheme"));
    TILL_TRY(required(request_json, "request_json"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto made,
                till::webhook::sign_call(scheme, request_json, text_of(body, body_size), till::SystemClock()));
    *out = make_reply(std::move(made));
    return {};
  });
}

till_status till_webhook_schemes(till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(out, "out"));
    *out = make_reply(till::webhook::named_schemes_json());
    return {};
  });
}
