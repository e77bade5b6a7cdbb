// load_plugin(): checks the two files of a provider without running any of its code.
#include "core/plugin/plugin.h"

#include "core/base/limits.h"
#include "core/base/utf8.h"
#include "core/plugin/plugin_file.h"

namespace till::plugin {
namespace {

namespace fs = std::filesystem;

Result<Manifest> read_manifest(const fs::path& file, std::string_view text) {
  auto manifest = parse_manifest(text);
  if (manifest.ok()) return manifest;
  Error error = std::move(manifest).error();
  error.message = file.string() + ": " + error.message;
  return error;
}

Result<std::shared_ptr<const Chunk>> compile_script(const fs::path& place, std::string_view script) {
  auto chunk = Chunk::compile(script);
  if (chunk.ok()) return chunk;
  Error error = std::move(chunk).error();
  error.message = place.string() + ": " + error.message;
  return error;
}

// A plugin is found by its name, so the name must not say something else than its manifest.
Status check_place(const fs::path& place, const std::string& name, const Manifest& manifest) {
  if (name == manifest.id || name == manifest.id + "-" + manifest.version) return {};
  Error error = file_error(place / "manifest.json",
                           "$.id: must be the name of its folder, `" + name + "`, or that up to `-VERSION`");
  error.field = "$.id";
  return error;
}

Result<std::shared_ptr<Plugin>> make_plugin(const fs::path& place, std::string_view manifest, std::string script) {
  auto plugin = std::make_shared<Plugin>();
  TILL_ASSIGN(plugin->manifest, read_manifest(place / "manifest.json", manifest));
  if (const Status text = check_script_text(script); !text.ok())
    return plugin_error(text.error().code, place.string() + "/" + text.error().message);
  TILL_ASSIGN(plugin->chunk, compile_script(place, script));
  plugin->script = std::move(script);
  return plugin;
}

}  // namespace

Status check_script_text(std::string_view script) {
  const fs::path file = "provider.lua";
  if (script.empty()) return file_error(file, "is empty");
  if (script.front() == '\x1b') return file_error(file, "is compiled Lua; only source text is loaded");
  if (!is_valid_utf8(script)) return file_error(file, "is not UTF-8 text");
  return {};
}

Result<std::shared_ptr<const Plugin>> load_plugin(const fs::path& folder) {
  const fs::path name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  TILL_ASSIGN(const std::string manifest, read_file(folder / "manifest.json", kMaxManifestBytes));
  TILL_ASSIGN(const Manifest named, read_manifest(folder / "manifest.json", manifest));
  TILL_TRY(check_place(folder, name.string(), named));
  TILL_ASSIGN(std::string script, read_file(folder / "provider.lua", kMaxScriptBytes));
  TILL_ASSIGN(auto plugin, make_plugin(folder, manifest, std::move(script)));
  return std::shared_ptr<const Plugin>(std::move(plugin));
}

Result<std::shared_ptr<const Plugin>> load_plugin(const Package& package, const fs::path& place) {
  TILL_ASSIGN(auto plugin, make_plugin(place, package.files.find("manifest.json")->second,
                                       package.files.find("provider.lua")->second));
  plugin->key = package.key;
  return std::shared_ptr<const Plugin>(std::move(plugin));
}

}  // namespace till::plugin
