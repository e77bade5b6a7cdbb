// NativeInbox: a gateway's events as they come, called back through a queue.
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "bindings/python/bindings.h"
#include "bindings/python/completion_queue.h"
#include "bindings/python/errors.h"
#include "core/runtime/gateway.h"
#include "core/runtime/inbox_feed.h"

namespace py = pybind11;

namespace till::python {

namespace {

py::object open_inbox(std::shared_ptr<Gateway> gateway, std::string_view options) {
  std::optional<Result<std::shared_ptr<InboxFeed>>> opened;
  {
    const py::gil_scoped_release released;  // the store may have to be opened
    opened.emplace(InboxFeed::open(std::move(gateway), options));
  }
  return result_object(*std::move(opened));
}

void start_next(InboxFeed& inbox, std::uint64_t token, const std::shared_ptr<CompletionQueue>& queue) {
  inbox.next([queue, token](Result<std::string> event) { queue->push(token, std::move(event)); });
}

}  // namespace

void bind_inbox(py::module_& module) {
  py::class_<InboxFeed, std::shared_ptr<InboxFeed>>(module, "NativeInbox")
      .def_static("open", &open_inbox, py::arg("gateway"), py::arg("options"))
      .def("start_next", &start_next, py::arg("token"), py::arg("queue"))
      .def("close", &InboxFeed::close, py::call_guard<py::gil_scoped_release>());
}

}  // namespace till::python
