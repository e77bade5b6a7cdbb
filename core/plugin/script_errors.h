// What went wrong inside Lua, as an Error.
#pragma once

#include "core/base/error.h"
#include "core/plugin/lua_api.h"

namespace till::plugin {

// Looks at the failed call's status and its error value on top of the stack, and marks the run as ending when memory or
// depth ran out. Cannot raise.
void note_lua_error(lua_State* state, int status);
// The error of a run whose coroutine failed with `status` and the error value on top of the stack. Cannot raise.
Error script_error_of(lua_State* state, int status);

}  // namespace till::plugin
