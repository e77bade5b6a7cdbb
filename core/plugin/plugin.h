// Plugin: a provider as it was loaded: a checked manifest and the text of its script. Loading runs no plugin code.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/plugin/chunk.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// Immutable once loaded; shared by gateways and threads.
struct Plugin {
  Manifest manifest;
  std::string script;                  // the text of provider.lua, at most kMaxScriptBytes
  std::shared_ptr<const Chunk> chunk;  // the script as load_plugin() compiled it; null: each run compiles `script`
};

// Reads <folder>/manifest.json and <folder>/provider.lua. kPlugin errors name the file and the place in it.
Result<std::shared_ptr<const Plugin>> load_plugin(const std::filesystem::path& folder);

}  // namespace till::plugin
