// till_runtime: opening a runtime, asking which providers there are, and loading them again.

#include "core/runtime/runtime.h"

#include <utility>

#include "bindings/c/handles.h"
#include "core/json/json.h"

using till::Status;
using till::c::guarded;
using till::c::input_of;
using till::c::make_reply;
using till::c::required;

till_status till_runtime_open(const char* options_json, till_runtime** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto options, till::RuntimeOptions::from_json(options_json == nullptr ? "{}" : options_json));
    TILL_ASSIGN(auto runtime, till::Runtime::open(std::move(options)));
    *out = new till_runtime{std::move(runtime)};
    return {};
  });
}

void till_runtime_free(till_runtime* runtime) { delete runtime; }

till_status till_runtime_providers(till_runtime* runtime, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(runtime, "runtime"));
    TILL_TRY(required(out, "out"));
    till::json::Array ids;
    for (auto& id : runtime->runtime->provider_ids()) ids.emplace_back(std::move(id));
    *out = make_reply(till::json::write(ids));
    return {};
  });
}

till_status till_runtime_provider(till_runtime* runtime, const char* provider, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(runtime, "runtime"));
    TILL_TRY(required(provider, "provider"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto manifest, runtime->runtime->describe_provider(provider));
    *out = make_reply(std::move(manifest));
    return {};
  });
}

till_status till_runtime_reload(till_runtime* runtime, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(runtime, "runtime"));
    TILL_TRY(required(out, "out"));
    *out = make_reply(runtime->runtime->reload_plugins_json());
    return {};
  });
}

till_status till_store_call(till_runtime* runtime, const char* operation, const char* input_json, size_t input_size,
                            till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(runtime, "runtime"));
    TILL_TRY(required(operation, "operation"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto reply, runtime->runtime->call_store(operation, input_of(input_json, input_size)));
    *out = make_reply(std::move(reply));
    return {};
  });
}
