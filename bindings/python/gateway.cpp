// NativeGateway and CompletionQueue: operations run to their end, waiting for it or called back through an event loop.
#include "core/runtime/gateway.h"

#include <pybind11/stl.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "bindings/python/bindings.h"
#include "bindings/python/completion_queue.h"
#include "bindings/python/errors.h"
#include "core/plugin/manifest.h"

namespace py = pybind11;

namespace till::python {

namespace {

// How often a waiting call looks for Ctrl-C.
constexpr std::chrono::milliseconds kSignalInterval{100};

// The place where a waiting thread finds the reply; outlives whichever of the two sides leaves first.
class Waiting {
 public:
  void put(Result<std::string> reply) {
    const std::lock_guard lock(mutex_);
    reply_ = std::move(reply);
    arrived_.notify_one();
  }
  bool wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, time, [this] { return reply_.has_value(); });
  }
  const Result<std::string>& reply() const { return *reply_; }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<Result<std::string>> reply_;
};

bool is_main_thread() { return ::getpid() == ::gettid(); }

// Python runs signal handlers on the main thread only, so only that one has to look up from its waiting. An interrupted
// operation goes on in the core and its end is recorded: an interrupt must not turn a sent payment into an unknown one.
py::object call_on_main_thread(Gateway& gateway, std::string_view operation, std::string_view input) {
  const auto waiting = std::make_shared<Waiting>();
  {
    const py::gil_scoped_release released;
    gateway.start(operation, input, [waiting](Result<std::string> reply) { waiting->put(std::move(reply)); });
  }
  for (;;) {
    bool arrived = false;
    {
      const py::gil_scoped_release released;
      arrived = waiting->wait_for(kSignalInterval);
    }
    if (arrived) return reply_object(waiting->reply());
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }
}

py::object call(Gateway& gateway, std::string_view operation, std::string_view input) {
  if (is_main_thread()) return call_on_main_thread(gateway, operation, input);
  std::optional<Result<std::string>> reply;
  {
    const py::gil_scoped_release released;
    reply.emplace(gateway.call(operation, input));
  }
  return reply_object(*reply);
}

// Keeps the GIL: this returns at once, and taking the lock back beside a busy thread may cost milliseconds.
void start(Gateway& gateway, std::string_view operation, std::string_view input, std::uint64_t token,
           const std::shared_ptr<CompletionQueue>& queue) {
  gateway.start(operation, input, [queue, token](Result<std::string> reply) { queue->push(token, std::move(reply)); });
}

py::object begin(Gateway& gateway, std::string_view operation, std::string_view input) {
  std::optional<Result<std::unique_ptr<Exchange>>> begun;
  {
    const py::gil_scoped_release released;  // a write waits for the disk
    begun.emplace(gateway.begin(operation, input));
  }
  return result_object(*std::move(begun));
}

// [(token, reply or error), ...]
py::list drain(CompletionQueue& queue) {
  py::list completions;
  for (const auto& [token, reply] : queue.drain()) completions.append(py::make_tuple(token, reply_object(reply)));
  return completions;
}

py::object open_gateway(std::shared_ptr<Runtime> runtime, std::string_view provider, std::string_view settings_json) {
  return result_object(Gateway::open(std::move(runtime), provider, settings_json));
}

}  // namespace

void bind_gateway(py::module_& module) {
  py::class_<CompletionQueue, std::shared_ptr<CompletionQueue>>(module, "CompletionQueue")
      .def(py::init<>())
      .def("fileno", &CompletionQueue::descriptor)
      .def("drain", &drain);
  py::class_<Gateway, std::shared_ptr<Gateway>>(module, "NativeGateway")
      .def_static("open", &open_gateway, py::arg("runtime"), py::arg("provider"), py::arg("settings_json"))
      .def_property_readonly("provider", &Gateway::provider)
      .def_property_readonly("name", &Gateway::name)
      .def_property_readonly("test", &Gateway::test)
      .def_property_readonly("plugin_version", &Gateway::plugin_version)
      .def("call", &call, py::arg("operation"), py::arg("input"))
      .def("start", &start, py::arg("operation"), py::arg("input"), py::arg("token"), py::arg("queue"))
      .def("begin", &begin, py::arg("operation"), py::arg("input"));
}

}  // namespace till::python
