// NativeWatch: one payment that is followed, waited for or called back through an event loop.
#include "core/runtime/watch.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "bindings/python/bindings.h"
#include "bindings/python/completion_queue.h"
#include "bindings/python/errors.h"
#include "core/runtime/gateway.h"

namespace py = pybind11;

namespace till::python {

namespace {

py::object open_watch(std::shared_ptr<Gateway> gateway, std::string_view input) {
  std::optional<Result<std::shared_ptr<Watch>>> opened;
  {
    const py::gil_scoped_release released;  // the script runs to its first request
    opened.emplace(Watch::open(std::move(gateway), input));
  }
  return result_object(*std::move(opened));
}

// Looks for no Ctrl-C: the caller waits for short times only.
py::object next(Watch& watch, std::int64_t timeout_ms) {
  std::optional<Result<std::string>> news;
  {
    const py::gil_scoped_release released;
    news.emplace(watch.next(timeout_ms));
  }
  return reply_object(*news);
}

void start_next(Watch& watch, std::uint64_t token, const std::shared_ptr<CompletionQueue>& queue) {
  watch.next([queue, token](Result<std::string> news) { queue->push(token, std::move(news)); });
}

}  // namespace

void bind_watch(py::module_& module) {
  py::class_<Watch, std::shared_ptr<Watch>>(module, "NativeWatch")
      .def_static("open", &open_watch, py::arg("gateway"), py::arg("input"))
      .def("next", &next, py::arg("timeout_ms"))
      .def("start_next", &start_next, py::arg("token"), py::arg("queue"))
      .def("close", &Watch::close, py::call_guard<py::gil_scoped_release>());
}

}  // namespace till::python
