// The C handles and the few helpers that every function of till.h is made of.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>

#include "bindings/c/inbox_worker.h"
#include "bindings/c/till.h"
#include "core/base/result.h"
#include "core/runtime/exchange.h"
#include "core/runtime/gateway.h"
#include "core/runtime/reconciler.h"
#include "core/runtime/runtime.h"
#include "core/runtime/watch.h"

struct till_runtime {
  std::shared_ptr<till::Runtime> runtime;
};

struct till_gateway {
  std::shared_ptr<till::Gateway> gateway;
};

// Wiped on destruction: a reply may hold a new token or key.
struct till_reply {
  std::string json;
  ~till_reply();
};

struct till_error {
  till_status status;
  std::string message;
  std::string json;
};

struct till_card {
  std::string handle;
};

struct till_exchange {
  std::shared_ptr<till::Gateway> gateway;  // outlives the exchange, whatever the host frees first
  std::unique_ptr<till::Exchange> exchange;
};

struct till_watch {
  std::shared_ptr<till::Watch> watch;
};

struct till_inbox {
  std::shared_ptr<till::c::InboxWorker> worker;
};

struct till_reconciler {
  std::shared_ptr<till::Reconciler> reconciler;
};

namespace till::c {

// The handle that hands `error` to a C caller.
till_error* make_error(const Error& error);
// The handle that hands `json` to a C caller.
till_reply* make_reply(std::string json);
// kInvalidRequest for an argument that must not be NULL; ok when it is not.
Status required(const void* argument, const char* name);
// The bytes of a sized text argument: NULL is empty, TILL_NUL_TERMINATED measures.
std::string_view text_of(const char* text, size_t size);
// As text_of() for an operation's input: NULL is {}.
std::string_view input_of(const char* input_json, size_t input_size);

// Runs the body of a C function: its Status becomes till_status and `*error`. Nothing thrown leaves.
template <class Body>
till_status guarded(till_error** error, Body&& body) noexcept {
  if (error != nullptr) *error = nullptr;
  try {
    Status status;
    try {
      status = body();
    } catch (const std::exception& exception) {
      status = internal_error(exception.what());
    } catch (...) {
      status = internal_error("something that is no exception was thrown");
    }
    if (status.ok()) return TILL_OK;
    if (error != nullptr) *error = make_error(status.error());
    return static_cast<till_status>(status.error().kind);
  } catch (...) {  // no memory even for the error
    return TILL_INTERNAL;
  }
}

}  // namespace till::c
