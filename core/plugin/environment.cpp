// The globals of a script: see environment.h.
#include "core/plugin/environment.h"

#include <array>
#include <cstring>
#include <string_view>

#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

constexpr std::array<const HostLibrary*, 9> kLibraries{&kHttpLibrary,  &kJsonLibrary,  &kLogLibrary,
                                                       &kMathLibrary,  &kMoneyLibrary, &kStringLibrary,
                                                       &kTableLibrary, &kTextLibrary,  &kTimeLibrary};
constexpr std::array<const char*, 9> kSubjects{"payments", "refunds", "rates",    "currencies", "ledgers",
                                               "cards",    "tokens",  "webhooks", "native"};

void push_library(lua_State* state, const HostLibrary& library) {
  lua_createtable(state, 0, static_cast<int>(library.functions.size()));
  for (const HostFunction& entry : library.functions) {
    lua_pushcfunction(state, entry.function);
    lua_setfield(state, -2, entry.name);
  }
  if (library.add_values != nullptr) library.add_values(state);
}

bool push_function(lua_State* state, std::span<const HostFunction> functions, std::string_view name) {
  for (const HostFunction& entry : functions) {
    if (entry.name == name) return lua_pushcfunction(state, entry.function), true;
  }
  return false;
}

// Pushes the host's global of that name, if there is one.
bool push_global(lua_State* state, std::string_view name) {
  if (name == "settings") return push_json(state, run_of(state).settings), true;
  if (push_function(state, kBasicFunctions, name) || push_function(state, kFailFunctions, name)) return true;
  for (const HostLibrary* library : kLibraries) {
    if (library->name == name) return push_library(state, *library), true;
  }
  return false;
}

// __index of the globals: makes the host's value on first use and leaves it there.
int find_global(lua_State* state) {
  if (lua_type(state, 2) != LUA_TSTRING) return 0;
  std::size_t size = 0;
  const char* name = lua_tolstring(state, 2, &size);
  if (!push_global(state, {name, size})) return 0;
  lua_pushvalue(state, 2);
  lua_pushvalue(state, -2);
  lua_rawset(state, 1);
  return 1;
}

// A metatable whose __index is the value on top, which it pops; pushes the metatable.
void wrap_in_metatable(lua_State* state) {
  lua_createtable(state, 0, 2);
  lua_rotate(state, -2, 1);
  lua_setfield(state, -2, "__index");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
}

void push_provider(lua_State* state) {
  lua_createtable(state, 0, static_cast<int>(kSubjects.size()) + 1);
  for (const char* subject : kSubjects) {
    lua_createtable(state, 0, 0);
    lua_setfield(state, -2, subject);
  }
}

}  // namespace

void open_environment(lua_State* state) {
  register_json_types(state);
  lua_pushglobaltable(state);
  push_provider(state);
  lua_setfield(state, -2, "provider");
  push_library(state, kStringLibrary);
  lua_pushvalue(state, -1);
  lua_setfield(state, -3, "string");
  wrap_in_metatable(state);
  lua_pushstring(state, "");
  lua_rotate(state, -2, 1);
  lua_setmetatable(state, -2);  // of all strings
  lua_pop(state, 1);
  lua_pushcfunction(state, find_global);
  wrap_in_metatable(state);
  lua_setmetatable(state, -2);
  lua_pop(state, 1);
}

}  // namespace till::plugin
