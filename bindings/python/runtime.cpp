// NativeRuntime: till::Runtime for Python.
#include "core/runtime/runtime.h"

#include <pybind11/stl.h>

#include <optional>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"

namespace py = pybind11;

namespace till::python {

namespace {

py::object open_runtime(std::string_view options_json) {
  auto options = RuntimeOptions::from_json(options_json);
  if (!options.ok()) return error_tuple(options.error());
  return result_object(Runtime::open(std::move(options).value()));
}

py::object describe_provider(Runtime& runtime, std::string_view id) {
  return reply_object(runtime.describe_provider(id));
}

py::object call_store(Runtime& runtime, std::string_view operation, std::string_view input_json) {
  std::optional<Result<std::string>> result;
  {
    const py::gil_scoped_release released;
    result = runtime.call_store(operation, input_json);
  }
  return reply_object(*std::move(result));
}

// [{"provider", "version", "change", "message"}] as JSON. Without the GIL: this reads files.
std::string reloaded(Runtime& runtime) {
  const py::gil_scoped_release released;
  return runtime.reload_plugins_json();
}

}  // namespace

void bind_runtime(py::module_& module) {
  py::class_<Runtime, std::shared_ptr<Runtime>>(module, "NativeRuntime")
      .def_static("open", &open_runtime, py::arg("options_json"))
      .def("provider_ids", &Runtime::provider_ids)
      .def("reload", [](Runtime& runtime) { return py::bytes(reloaded(runtime)); })
      .def("call_store", &call_store, py::arg("operation"), py::arg("input_json"))
      .def("describe_provider", &describe_provider, py::arg("id"))
      .def_property_readonly("store_place", &Runtime::store_place);
}

}  // namespace till::python
