// Webhook verification: a verifier that Python keeps and gives raw bytes to. And signing, for tests.
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
#include "core/webhook/signer.h"

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

py::bytes bytes_of(const std::string& text) { return {text.data(), text.size()}; }

Result<webhook::Draft> signed_draft(std::string_view scheme_text, std::string_view secret_json, webhook::Draft draft,
                                    const webhook::SignOptions& options) {
  TILL_ASSIGN(const webhook::Scheme scheme, webhook::read_scheme_text(scheme_text));
  TILL_ASSIGN(json::Value given, json::parse(secret_json));
  TILL_ASSIGN(auto secret, webhook::read_one_secret(given, "$.secret"));
  return webhook::sign(scheme, std::move(secret), std::move(draft), options, SystemClock());
}

// {"headers": [(name, value), ...], "body": ..., "url": ...}, or an error.
py::object sign(std::string_view scheme, std::string_view secret_json, const py::list& headers, const py::bytes& body,
                const py::bytes& url, const py::bytes& method, std::optional<std::int64_t> at_ms,
                std::optional<std::string> id, bool valid) {
  webhook::Draft draft{.headers = {}, .body = std::string(view(body))};
  for (const auto& [name, value] : headers_of(headers)) draft.headers.emplace_back(name, value);
  draft.url = view(url);
  draft.method = view(method);
  const webhook::SignOptions options{.signed_at = at_ms, .id = std::move(id), .valid = valid};
  const auto made = signed_draft(scheme, secret_json, std::move(draft), options);
  if (!made.ok()) return error_tuple(made.error());
  py::list pairs;
  for (const auto& [name, value] : made->headers) pairs.append(py::make_tuple(bytes_of(name), bytes_of(value)));
  py::dict out;
  out["headers"] = pairs;
  out["body"] = bytes_of(made->body);
  out["url"] = bytes_of(made->url);
  return out;
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
  module.def("sign_webhook", &sign, py::arg("scheme"), py::arg("secret_json"), py::arg("headers"), py::arg("body"),
             py::arg("url"), py::arg("method"), py::arg("at_ms"), py::arg("id"), py::arg("valid"));
  module.def("webhook_schemes", [] { return py::bytes(webhook::named_schemes_json()); });
}

}  // namespace till::python
