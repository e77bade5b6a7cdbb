// NativeReconciler: passes in the background.
#include "core/runtime/reconciler.h"

#include <memory>
#include <optional>
#include <string_view>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"
#include "core/runtime/gateway.h"

namespace py = pybind11;

namespace till::python {

namespace {

py::object open_reconciler(std::shared_ptr<Gateway> gateway, std::string_view options) {
  std::optional<Result<std::shared_ptr<Reconciler>>> opened;
  {
    const py::gil_scoped_release released;
    opened.emplace(Reconciler::open(std::move(gateway), options));
  }
  return result_object(*std::move(opened));
}

py::object last(const Reconciler& reconciler) { return reply_object(reconciler.last()); }

}  // namespace

void bind_reconciler(py::module_& module) {
  py::class_<Reconciler, std::shared_ptr<Reconciler>>(module, "NativeReconciler")
      .def_static("open", &open_reconciler, py::arg("gateway"), py::arg("options"))
      .def("last", &last)
      .def("close", &Reconciler::close, py::call_guard<py::gil_scoped_release>());
}

}  // namespace till::python
