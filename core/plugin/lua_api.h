// The part of Lua's C interface that the sandbox uses: lua.h alone, no auxiliary and no standard library.
#pragma once

extern "C" {
#include <lua.h>
}
