// Environment: the globals of a script.
#pragma once

#include "core/plugin/lua_api.h"

namespace till::plugin {

// Fills the globals of a fresh state. Libraries and `settings` appear when they are first used, which keeps a fresh
// sandbox cheap. May raise, so call it protected.
void open_environment(lua_State* state);

}  // namespace till::plugin
