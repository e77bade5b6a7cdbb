// The libraries of host functions that scripts see. Each host_*.cpp defines one; environment.cpp hangs them up.
#pragma once

#include <span>

#include "core/plugin/lua_api.h"

namespace till::plugin {

struct HostFunction {
  const char* name;
  lua_CFunction function;
};

struct HostLibrary {
  const char* name;
  std::span<const HostFunction> functions;
  void (*add_values)(lua_State*);  // adds what is no function to the table on top; may be null, may raise
};

// assert, error, pcall, ...: globals, not a table.
extern const std::span<const HostFunction> kBasicFunctions;
// fail()
extern const std::span<const HostFunction> kFailFunctions;

extern const HostLibrary kHttpLibrary, kJsonLibrary, kLogLibrary, kMathLibrary, kMoneyLibrary, kStringLibrary,
    kTableLibrary, kTextLibrary, kTimeLibrary;

}  // namespace till::plugin
