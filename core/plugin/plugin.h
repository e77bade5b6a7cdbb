// Plugin: a provider as it was loaded: a checked manifest and the text of its script. Loading runs no plugin code.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/plugin/chunk.h"
#include "core/plugin/manifest.h"
#include "core/plugin/package.h"

namespace till::plugin {

// Immutable once loaded; shared by gateways and threads.
struct Plugin {
  Manifest manifest;
  std::string script;                  // the text of provider.lua, at most kMaxScriptBytes
  std::shared_ptr<const Chunk> chunk;  // the script as load_plugin() compiled it; null: each run compiles `script`
  std::string key;                     // that signed the package, in hex; empty for a folder
};

// Source text and no compiled code, which no one can read and whose loader in Lua checks nothing. kPlugin, code
// "plugin_file".
Status check_script_text(std::string_view script);

// Reads <folder>/manifest.json and <folder>/provider.lua; the folder has the name of the plugin's id, or "ID-VERSION".
// kPlugin errors name the file and the place in it.
Result<std::shared_ptr<const Plugin>> load_plugin(const std::filesystem::path& folder);

// The same from a package; `place` is its file, for errors.
Result<std::shared_ptr<const Plugin>> load_plugin(const Package& package, const std::filesystem::path& place);

}  // namespace till::plugin
