// Lua's errors as Errors: see script_errors.h.
#include "core/plugin/script_errors.h"

#include <string_view>

#include "core/plugin/plain_text.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

std::string_view message_at_top(lua_State* state) {
  if (lua_gettop(state) == 0 || lua_type(state, -1) != LUA_TSTRING) return {};
  std::size_t size = 0;
  const char* data = lua_tolstring(state, -1, &size);
  return {data, size};
}

// "error in __close metamethod"-like ends aside, Lua has two messages for too deep: "stack overflow" and "C stack
// overflow". A script that raises such a text itself ends as one that nests too deep, which harms only itself.
bool says_too_deep(std::string_view message) { return message.ends_with("stack overflow"); }

}  // namespace

void note_lua_error(lua_State* state, int status) {
  RunState& run = run_of(state);
  if (status == LUA_ERRMEM)
    run.end(Ending::kMemory);
  else if (status == LUA_ERRERR || says_too_deep(message_at_top(state)))
    run.end(Ending::kDepth);
}

Error script_error_of(lua_State* state, int status) {
  note_lua_error(state, status);
  const RunState& run = run_of(state);
  if (run.ending != Ending::kNone) return run.ending_error();
  const std::string_view message = message_at_top(state);
  if (!message.empty()) return plugin_error("script_error", plain_text(message, kMaxScriptMessage));
  const char* type = lua_gettop(state) == 0 ? "nothing" : lua_typename(state, lua_type(state, -1));
  return plugin_error("script_error", "provider.lua in " + plain_text(run.operation, 80) +
                                          " raised an error value of type " + type + " instead of a text");
}

}  // namespace till::plugin
