// till_reconciler: passes in the background.

#include "core/runtime/reconciler.h"

#include <utility>

#include "bindings/c/handles.h"

using till::Reconciler;
using till::Status;
using till::c::guarded;
using till::c::make_reply;
using till::c::required;
using till::c::text_of;

till_status till_reconciler_open(till_gateway* gateway, const char* options_json, till_reconciler** out,
                                 till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto reconciler, Reconciler::open(gateway->gateway, text_of(options_json, TILL_NUL_TERMINATED)));
    *out = new till_reconciler{std::move(reconciler)};
    return {};
  });
}

till_status till_reconciler_last(const till_reconciler* reconciler, till_reply** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(reconciler, "reconciler"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(std::string report, reconciler->reconciler->last());
    *out = make_reply(std::move(report));
    return {};
  });
}

void till_reconciler_free(till_reconciler* reconciler) {
  if (reconciler == nullptr) return;
  reconciler->reconciler->close();
  delete reconciler;
}
