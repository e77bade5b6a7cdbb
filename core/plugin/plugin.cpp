// load_plugin(): reads the two files of a provider and checks them without running any of its code.
#include "core/plugin/plugin.h"

#include <fstream>

#include "core/base/limits.h"
#include "core/base/utf8.h"

namespace till::plugin {
namespace {

namespace fs = std::filesystem;

Error file_error(const fs::path& file, std::string_view problem) {
  return plugin_error("plugin_file", file.string() + ": " + std::string(problem) + ".");
}

// Reads at most one byte more than allowed, so that neither a huge file nor one that grows can fill the memory.
Result<std::string> read_file(const fs::path& file, std::size_t max_bytes) {
  std::error_code failure;
  if (!fs::is_regular_file(file, failure)) return file_error(file, "there is no such file");
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(max_bytes + 1, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (stream.bad() || (!stream.eof() && stream.fail())) return file_error(file, "cannot be read");
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (bytes.size() > max_bytes) return file_error(file, "is larger than " + std::to_string(max_bytes) + " bytes");
  return bytes;
}

// Lua would take precompiled code, which no one can read and whose loader checks nothing.
Status check_script(const fs::path& file, std::string_view script) {
  if (script.empty()) return file_error(file, "is empty");
  if (script.front() == '\x1b') return file_error(file, "is compiled Lua; only source text is loaded");
  if (!is_valid_utf8(script)) return file_error(file, "is not UTF-8 text");
  return {};
}

Result<Manifest> read_manifest(const fs::path& file) {
  TILL_ASSIGN(const std::string text, read_file(file, kMaxManifestBytes));
  auto manifest = parse_manifest(text);
  if (manifest.ok()) return manifest;
  Error error = std::move(manifest).error();
  error.message = file.string() + ": " + error.message;
  return error;
}

Result<std::shared_ptr<const Chunk>> compile_script(const fs::path& file, std::string_view script) {
  auto chunk = Chunk::compile(script);
  if (chunk.ok()) return chunk;
  Error error = std::move(chunk).error();
  error.message = file.parent_path().string() + ": " + error.message;
  return error;
}

}  // namespace

Result<std::shared_ptr<const Plugin>> load_plugin(const fs::path& folder) {
  auto plugin = std::make_shared<Plugin>();
  TILL_ASSIGN(plugin->manifest, read_manifest(folder / "manifest.json"));
  const fs::path name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  if (name != plugin->manifest.id) {
    Error error = file_error(folder / "manifest.json", "$.id: must be the name of its folder, `" + name.string() + "`");
    error.field = "$.id";
    return error;
  }
  TILL_ASSIGN(plugin->script, read_file(folder / "provider.lua", kMaxScriptBytes));
  TILL_TRY(check_script(folder / "provider.lua", plugin->script));
  TILL_ASSIGN(plugin->chunk, compile_script(folder / "provider.lua", plugin->script));
  return std::shared_ptr<const Plugin>(std::move(plugin));
}

}  // namespace till::plugin
