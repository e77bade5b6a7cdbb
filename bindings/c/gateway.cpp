// till_gateway: one merchant account, and the calls made on it.

#include "core/runtime/gateway.h"

#include <utility>

#include "bindings/c/handles.h"

using till::Result;
using till::Status;
using till::c::guarded;
using till::c::input_of;
using till::c::make_error;
using till::c::make_reply;
using till::c::required;

namespace {

// Hands one result to a C callback. When there is no memory for the handle, the status alone arrives.
void deliver(till_callback callback, void* context, Result<std::string> result) noexcept {
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  till_status status = TILL_OK;
  try {
    if (result.ok()) {
      reply = make_reply(std::move(result).value());
    } else {
      status = static_cast<till_status>(result.error().kind);
      error = make_error(result.error());
    }
  } catch (...) {
    status = status == TILL_OK ? TILL_INTERNAL : status;
  }
  callback(context, status, reply, error);
}

}  // namespace

till_status till_gateway_open(till_runtime* runtime, const char* provider, const char* settings_json,
                              till_gateway** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(runtime, "runtime"));
    TILL_TRY(required(provider, "provider"));
    TILL_TRY(required(settings_json, "settings_json"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto gateway, till::Gateway::open(runtime->runtime, provider, settings_json));
    *out = new till_gateway{std::move(gateway)};
    return {};
  });
}

void till_gateway_free(till_gateway* gateway) { delete gateway; }

till_status till_call(till_gateway* gateway, const char* operation, const char* input_json, size_t input_size,
                      till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(operation, "operation"));
    TILL_TRY(required(out, "out"));
    const auto alive = gateway->gateway;
    TILL_ASSIGN(auto output, alive->call(operation, input_of(input_json, input_size)));
    *out = make_reply(std::move(output));
    return {};
  });
}

till_status till_start(till_gateway* gateway, const char* operation, const char* input_json, size_t input_size,
                       till_callback callback, void* context, till_error** error) {
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(operation, "operation"));
    TILL_TRY(required(reinterpret_cast<const void*>(callback), "callback"));
    const auto alive = gateway->gateway;
    alive->start(operation, input_of(input_json, input_size),
                 [callback, context](Result<std::string> result) { deliver(callback, context, std::move(result)); });
    return {};
  });
}

till_status till_exchange_begin(till_gateway* gateway, const char* operation, const char* input_json, size_t input_size,
                                till_exchange** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(operation, "operation"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto exchange, gateway->gateway->begin(operation, input_of(input_json, input_size)));
    *out = new till_exchange{.gateway = gateway->gateway, .exchange = std::move(exchange)};
    return {};
  });
}
