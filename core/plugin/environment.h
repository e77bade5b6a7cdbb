// Environment: the globals of a script.
#pragma once

#include "core/plugin/lua_api.h"

namespace till::plugin {

// Fills the globals of a fresh state, but for `settings`, which each run sets. May raise, so call it protected.
void open_environment(lua_State* state);

}  // namespace till::plugin
