// NativeExchange: one operation stepped by a host with an HTTP client of its own.
#include "core/runtime/exchange.h"

#include <pybind11/stl.h>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"

namespace py = pybind11;

namespace till::python {

namespace {

// (method, url, headers, body), or None at the end.
py::object request(const Exchange& exchange) {
  const http::Request* next = exchange.request();
  if (next == nullptr) return py::none();
  py::list headers;
  for (const auto& [name, value] : next->headers) headers.append(py::make_tuple(name, value));
  return py::make_tuple(next->method, next->url, headers, py::bytes(next->body));
}

void reply(Exchange& exchange, int status, const std::vector<std::pair<std::string, std::string>>& headers,
           std::string body) {
  http::Response response;
  response.status = status;
  for (const auto& [name, value] : headers) response.headers.add(name, value);
  response.body = std::move(body);
  if (const Status taken = exchange.reply(std::move(response)); !taken.ok())
    throw py::value_error(taken.error().message);
}

Sent sent_from(std::string_view name) {
  if (name == "no") return Sent::kNo;
  if (name == "yes") return Sent::kYes;
  if (name == "maybe") return Sent::kMaybe;
  throw py::value_error("sent must be 'no', 'maybe' or 'yes'");
}

void fail(Exchange& exchange, std::string code, std::string message, std::string_view sent) {
  exchange.fail(sent_from(sent), std::move(message), std::move(code));
}

}  // namespace

// Without the GIL: an answer to a write waits for the disk.
using Released = py::call_guard<py::gil_scoped_release>;

void bind_exchange(py::module_& module) {
  py::class_<Exchange>(module, "NativeExchange")
      .def("request", &request)
      .def("wait_ms", &Exchange::wait_ms)
      .def("timeout_ms", &Exchange::timeout_ms)
      .def("reply", &reply, py::arg("status"), py::arg("headers"), py::arg("body"), Released())
      .def("fail", &fail, py::arg("code"), py::arg("message"), py::arg("sent"), Released())
      .def("result", [](const Exchange& exchange) { return reply_object(exchange.result()); });
}

}  // namespace till::python
