// The parts of the module, each bound in a file of its own.
#pragma once

#include <pybind11/pybind11.h>

namespace till::python {

void bind_plugin(pybind11::module_& module);
void bind_service(pybind11::module_& module);
void bind_runtime(pybind11::module_& module);
void bind_gateway(pybind11::module_& module);
void bind_exchange(pybind11::module_& module);
void bind_inbox(pybind11::module_& module);
void bind_reconciler(pybind11::module_& module);
void bind_watch(pybind11::module_& module);
void bind_values(pybind11::module_& module);
void bind_webhook(pybind11::module_& module);

}  // namespace till::python
