#include "bindings/python/errors.h"

#include "core/webhook/reason.h"

namespace py = pybind11;

namespace till::python {

namespace {

// Messages may quote a provider, whose bytes need not be UTF-8: what is not becomes U+FFFD instead of a second error.
py::str text(std::string_view bytes) {
  PyObject* decoded = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "replace");
  if (decoded == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(decoded);
}

}  // namespace

py::tuple error_tuple(const Error& error) {
  py::object retry_after = py::none(), http_status = py::none();
  if (error.retry_after_ms) retry_after = py::int_(*error.retry_after_ms);
  if (error.kind == ErrorKind::kWebhookRejected) http_status = py::int_(webhook::refusal_http_status(error.reason));
  return py::make_tuple(text(error_kind_name(error.kind)), text(error.code), text(error.message), text(error.field),
                        text(error.provider_code), text(error.request_id), text(error.payment_id), text(error.reason),
                        text(error.settle), text(sent_name(error.sent)), error.retryable, retry_after, http_status);
}

py::object reply_object(const Result<std::string>& reply) {
  if (!reply.ok()) return error_tuple(reply.error());
  return py::bytes(reply.value());
}

}  // namespace till::python
