// The globals of a script: see environment.h.
#include "core/plugin/environment.h"

#include <array>

#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"

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

// Hangs the functions up as globals.
void set_functions(lua_State* state, std::span<const HostFunction> functions) {
  for (const HostFunction& entry : functions) {
    lua_pushcfunction(state, entry.function);
    lua_setglobal(state, entry.name);
  }
}

// Makes every text find the table on top, which stays, behind its colon.
void set_text_methods(lua_State* state) {
  lua_pushstring(state, "");
  lua_createtable(state, 0, 2);
  lua_pushvalue(state, -3);
  lua_setfield(state, -2, "__index");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_setmetatable(state, -2);
  lua_pop(state, 1);
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
  set_functions(state, kBasicFunctions);
  set_functions(state, kFailFunctions);
  for (const HostLibrary* library : kLibraries) {
    push_library(state, *library);
    if (library == &kStringLibrary) set_text_methods(state);
    lua_setglobal(state, library->name);
  }
  push_provider(state);
  lua_setglobal(state, "provider");
}

}  // namespace till::plugin
