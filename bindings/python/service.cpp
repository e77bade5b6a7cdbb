// NativeService: a service that runs on threads of its own until it is closed.
#include "core/service/service.h"

#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"

namespace py = pybind11;

namespace till::python {

namespace {

using service::Service;
using service::ServiceConfig;

// Without the GIL: the store is opened, and a lock may be waited for.
py::object open_service(std::string_view config_json) {
  std::optional<Result<std::unique_ptr<Service>>> opened;
  {
    const py::gil_scoped_release released;
    auto config = ServiceConfig::from_json(config_json);
    opened.emplace(config.ok() ? Service::open(*std::move(config)) : std::move(config).error());
  }
  return result_object(*std::move(opened));
}

py::object check_service(std::string_view config_json) {
  auto config = ServiceConfig::from_json(config_json);
  const Status checked = config.ok() ? Service::check(*std::move(config)) : Status(std::move(config).error());
  return checked.ok() ? py::none() : py::object(error_tuple(checked.error()));
}

}  // namespace

void bind_service(py::module_& module) {
  py::class_<Service>(module, "NativeService")
      .def_static("open", &open_service, py::arg("config_json"))
      .def_static("check", &check_service, py::arg("config_json"))
      .def_property_readonly("webhook_addresses", &Service::webhook_addresses)
      .def_property_readonly("api_addresses", &Service::api_addresses)
      .def_property_readonly("close_timeout_ms", &Service::close_timeout_ms)
      .def("reload_certificates", &Service::reload_certificates, py::call_guard<py::gil_scoped_release>())
      .def("close", &Service::close, py::arg("timeout_ms"), py::call_guard<py::gil_scoped_release>());
}

}  // namespace till::python
