// Webhook verification: a verifier that Python keeps and gives raw bytes to.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"
#include "core/json/json.h"
#include "core/webhook/explain.h"
#include "core/webhook/json_forms.h"
#include "core/webhook/schemes.h"

namespace py = pybind11;

namespace till::python {

namespace {

using webhook::Request;
using webhook::Verifier;

Result<std::unique_ptr<Verifier>> open(std::string_view scheme_text, std::string_view secrets_json,
                                       std::optional<std::int64_t> tolerance_ms) {
  TILL_ASSIGN(webhook::Scheme scheme, webhook::read_scheme_text(scheme_text));
  TILL_ASSIGN(json::Value given, json::parse(secrets_json));
  TILL_ASSIGN(auto secrets, webhook::read_secrets(given));
  TILL_ASSIGN(Verifier verifier, Verifier::create(std::move(scheme), std::move(secrets), tolerance_ms));
  return std::make_unique<Verifier>(std::move(verifier));
}

// Python's bytes; they live as long as their objects, so as long as the call.
std::string_view view(const py::handle& bytes) {
  char* data = nullptr;
  Py_ssize_t size = 0;
  if (PyBytes_AsStringAndSize(bytes.ptr(), &data, &size) != 0) throw py::error_already_set();
  return {data, static_cast<std::size_t>(size)};
}

// [(name, value), ...] as bytes.
std::vector<webhook::Header> headers_of(const py::list& given) {
  std::vector<webhook::Header> out;
  out.reserve(given.size());
  for (const py::handle& pair : given) {
    const auto header = py::cast<py::tuple>(pair);
    out.emplace_back(view(header[0]), view(header[1]));
  }
  return out;
}

py::object verify(const Verifier& verifier, const py::list& headers, const py::bytes& body, const py::bytes& url,
                  const py::bytes& method, std::int64_t received_at_ms) {
  const auto views = headers_of(headers);
  const Request request{.headers = views, .body = view(body), .url = view(url), .method = view(method)};
  auto verified = verifier.verify(request, received_at_ms);
  if (!verified.ok()) return error_tuple(verified.error());
  return py::bytes(verified_json(verifier.scheme(), *verified));
}

py::object explain(const Verifier& verifier, const py::list& headers, const py::bytes& body, const py::bytes& url,
                   const py::bytes& method, std::int64_t received_at_ms) {
  const auto views = headers_of(headers);
  const Request request{.headers = views, .body = view(body), .url = view(url), .method = view(method)};
  return py::bytes(json::write(webhook::explain(verifier, request, received_at_ms)));
}

}  // namespace

void bind_webhook(py::module_& module) {
  py::class_<Verifier>(module, "NativeVerifier")
      .def_static(
          "open",
          [](std::string_view scheme, std::string_view secrets_json, std::optional<std::int64_t> tolerance_ms) {
            return result_object(open(scheme, secrets_json, tolerance_ms));
          },
          py::arg("scheme"), py::arg("secrets_json"), py::arg("tolerance_ms"))
      .def("verify", &verify, py::arg("headers"), py::arg("body"), py::arg("url"), py::arg("method"),
           py::arg("received_at_ms"))
      .def("explain", &explain, py::arg("headers"), py::arg("body"), py::arg("url"), py::arg("method"),
           py::arg("received_at_ms"));
  module.def("webhook_schemes", [] { return py::bytes(webhook::named_schemes_json()); });
}

}  // namespace till::python
