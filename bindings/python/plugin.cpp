// NativePlugin and packages: plugins without a runtime, for those who write, pack and approve them.
#include "core/plugin/plugin.h"

#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bindings/python/bindings.h"
#include "bindings/python/errors.h"
#include "core/base/encoding.h"
#include "core/json/json.h"
#include "core/plugin/lint.h"
#include "core/plugin/package.h"
#include "core/plugin/permissions.h"
#include "core/runtime/fixture_player.h"

namespace py = pybind11;

namespace till::python {

namespace {

using plugin::Package;
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

// [{"file", "place", "line", "error", "code", "message", "help"}, ...] as JSON.
py::bytes lint(std::string_view manifest, std::string_view script) {
  json::Array out;
  for (plugin::Finding& one : plugin::lint_plugin(manifest, script))
    out.push_back(json::Object{{"file", std::move(one.file)},
                               {"place", std::move(one.place)},
                               {"line", json::Value::integer(one.line)},
                               {"error", one.error},
                               {"code", std::move(one.code)},
                               {"message", std::move(one.message)},
                               {"help", std::move(one.help)}});
  return py::bytes(json::write(out));
}

std::string manifest_of(const Plugin& self) { return json::write(self.manifest.document); }

std::vector<std::string> permissions(const Plugin& self) { return plugin::permissions_of(self.manifest); }

using Files = std::map<std::string, std::string, std::less<>>;

// None, or the error of a plugin that nobody has written yet.
py::object check_written(const Files& files) {
  const Status written = plugin::check_written(files);
  return written.ok() ? py::object(py::none()) : error_tuple(written.error());
}

// The package as bytes.
py::object pack(const Files& files, std::string_view private_key) {
  const auto packed = [&]() -> Result<std::string> {
    TILL_ASSIGN(const Ed25519Key key, Ed25519Key::from_hex(Secret(private_key)));
    return plugin::write_package(files, key);
  };
  return reply_object(packed());
}

// (plugin, key, {name: bytes})
py::object unpack(std::string_view bytes, const std::string& place) {
  auto package = plugin::read_package(bytes);
  if (!package.ok()) return error_tuple(package.error());
  auto plugin = plugin::load_plugin(*package, place);
  if (!plugin.ok()) return error_tuple(plugin.error());
  py::dict files;
  for (const auto& [name, text] : package->files) files[py::str(name)] = py::bytes(text);
  return py::make_tuple(std::move(plugin).value(), package->key, files);
}

// (private key, public key), both in hex.
py::object generate_package_key() {
  const auto made = []() -> Result<std::pair<std::string, std::string>> {
    TILL_ASSIGN(const Ed25519Key key, Ed25519Key::generate());
    return std::pair(std::string(key.hex().reveal()), hex_encode(key.public_key()));
  };
  return result_object(made());
}

py::object package_public_key(std::string_view private_key) {
  const auto key = Ed25519Key::from_hex(Secret(private_key));
  if (!key.ok()) return error_tuple(key.error());
  return py::str(hex_encode(key->public_key()));
}

}  // namespace

void bind_plugin(py::module_& module) {
  py::class_<Plugin, std::shared_ptr<Plugin>>(module, "NativePlugin")
      .def_static("load", &load, py::arg("folder"))
      .def("manifest", [](const Plugin& self) { return py::bytes(manifest_of(self)); })
      .def("permissions", &permissions)
      .def(
          "play",
          [](const std::shared_ptr<Plugin>& self, std::string_view fixture) {
            return reply_object(played(self, fixture));
          },
          py::arg("fixture"));
  module.def("lint_plugin", &lint, py::arg("manifest"), py::arg("script"));
  module.def("check_plugin_written", &check_written, py::arg("files"));
  module.def("pack_plugin", &pack, py::arg("files"), py::arg("private_key"));
  module.def("unpack_plugin", &unpack, py::arg("package"), py::arg("place"));
  module.def("generate_package_key", &generate_package_key);
  module.def("package_public_key", &package_public_key, py::arg("private_key"));
}

}  // namespace till::python
