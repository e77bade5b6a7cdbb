// NativePlugin: a provider in its folder, without a runtime: for those who write one.
#include "core/plugin/plugin.h"

#include <memory>
#include <string>
#include <string_view>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"
#include "core/json/json.h"
#include "core/runtime/fixture_player.h"

namespace py = pybind11;

namespace till::python {

namespace {

using plugin::Plugin;

py::object load(const std::string& folder) { return result_object(plugin::load_plugin(folder)); }

// [{"place": ..., "message": ...}, ...] as JSON, or the error of a text that is no JSON.
Result<std::string> played(const std::shared_ptr<const Plugin>& self, std::string_view fixture) {
  TILL_ASSIGN(const json::Value document, json::parse(fixture));
  json::Array out;
  for (auto& [place, message] : play_fixture(self, document))
    out.push_back(json::Object{{"place", std::move(place)}, {"message", std::move(message)}});
  return json::write(out);
}

}  // namespace

void bind_plugin(py::module_& module) {
  py::class_<Plugin, std::shared_ptr<Plugin>>(module, "NativePlugin")
      .def_static("load", &load, py::arg("folder"))
      .def("manifest", [](const Plugin& self) { return py::bytes(json::write(self.manifest.document)); })
      .def(
          "play",
          [](const std::shared_ptr<Plugin>& self, std::string_view fixture) {
            return reply_object(played(self, fixture));
          },
          py::arg("fixture"));
}

}  // namespace till::python
