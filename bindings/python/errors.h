// How the core's errors and results reach Python: as values, since an exception across the border costs more than a
// call.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <utility>

#include "core/base/result.h"

namespace till::python {

// The fields of till._errors.NativeError, in its order. Needs the GIL.
pybind11::tuple error_tuple(const Error& error);

// The bytes of a reply, or the tuple of its error. Needs the GIL.
pybind11::object reply_object(const Result<std::string>& reply);

// The value cast to Python, or the tuple of the error. Needs the GIL.
template <class T>
pybind11::object result_object(Result<T> result) {
  if (!result.ok()) return error_tuple(result.error());
  return pybind11::cast(std::move(result).value());
}

}  // namespace till::python
