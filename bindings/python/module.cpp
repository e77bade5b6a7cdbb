// till._native: the core as a Python extension module. Thin on purpose: names, defaults and types live in python/till.
#include <pybind11/pybind11.h>

#include "bindings/python/bindings.h"

PYBIND11_MODULE(_native, module) {
  module.doc() = "The compiled core of till. Not public: use the package's own names.";
  till::python::bind_plugin(module);
  till::python::bind_runtime(module);
  till::python::bind_gateway(module);
  till::python::bind_exchange(module);
  till::python::bind_reconciler(module);
  till::python::bind_watch(module);
  till::python::bind_inbox(module);
  till::python::bind_values(module);
  till::python::bind_webhook(module);
  till::python::bind_service(module);
}
