// Compiling a script: see chunk.h.
#include "core/plugin/chunk.h"

#include <cstddef>
#include <exception>

#include "core/base/limits.h"
#include "core/plugin/lua_api.h"
#include "core/plugin/plain_text.h"
#include "core/plugin/script_heap.h"

namespace till::plugin {
namespace {

// Compiling a script of kMaxScriptBytes takes a fraction of this.
constexpr std::size_t kMaxCompileBytes = 16 * kMiB;
constexpr std::uint64_t kMaxCompileWork = 512 * kMiB;

const char* read_once(lua_State*, void* source, std::size_t* size) {
  auto& text = *static_cast<std::string_view*>(source);
  *size = text.size();
  return std::exchange(text, {}).data();
}

int append_bytes(lua_State*, const void* bytes, std::size_t size, void* out) {
  try {
    static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), size);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}

Error memory_error() {
  return plugin_error("script_memory", "compiling provider.lua takes more than 16 MiB of memory");
}

}  // namespace

Result<std::shared_ptr<const Chunk>> Chunk::compile(std::string_view script, std::size_t max_bytes) {
  if (script.size() > max_bytes)
    return plugin_error("script_syntax", "provider.lua is longer than " + std::to_string(max_bytes) + " bytes");
  // The globals of a script are what the host made them. (Lua 5.4.4 also compiles some uses of _ENV wrongly.)
  if (script.find("_ENV") != std::string_view::npos)
    return plugin_error("script_syntax", "provider.lua: _ENV is not available to scripts");
  ScriptHeap heap(kMaxCompileBytes, kMaxCompileWork);
  lua_State* state = lua_newstate(ScriptHeap::allocate, &heap);
  if (state == nullptr) return memory_error();
  const int status = lua_load(state, read_once, &script, kScriptName, "t");
  if (status == LUA_ERRMEM) return memory_error();
  if (status != LUA_OK) {
    std::size_t size = 0;
    const char* text = lua_type(state, -1) == LUA_TSTRING ? lua_tolstring(state, -1, &size) : "";
    return plugin_error("script_syntax", plain_text({text, size}, kMaxScriptMessage));
  }
  std::string bytecode;
  if (lua_dump(state, append_bytes, &bytecode, 0) != 0) return memory_error();
  return std::make_shared<const Chunk>(std::move(bytecode));
}

}  // namespace till::plugin
