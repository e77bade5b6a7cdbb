// till_watch: one payment that is followed until it is final.

#include "core/runtime/watch.h"

#include <utility>

#include "bindings/c/handles.h"

using till::Status;
using till::Watch;
using till::c::guarded;
using till::c::make_reply;
using till::c::required;
using till::c::text_of;

till_status till_watch_open(till_gateway* gateway, const char* input_json, size_t input_size, till_watch** out,
                            till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto watch, Watch::open(gateway->gateway, text_of(input_json, input_size)));
    *out = new till_watch{std::move(watch)};
    return {};
  });
}

till_status till_watch_next(till_watch* watch, int64_t timeout_ms, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(watch, "watch"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(std::string news, watch->watch->next(timeout_ms));
    *out = make_reply(std::move(news));
    return {};
  });
}

void till_watch_free(till_watch* watch) {
  if (watch == nullptr) return;
  watch->watch->close();
  delete watch;
}
