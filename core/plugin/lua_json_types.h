// The marks by which JSON-related Lua values are told apart; internal to the lua_json files.
#pragma once

#include "core/plugin/lua_api.h"

namespace till::plugin {

// Their addresses are keys of the registry.
extern const char kJsonNumberType, kJsonObjectType, kJsonArrayType;
// Its address is json.null.
extern const char kJsonNull;

// True when the value's metatable is the one registered under `key`. Cannot raise.
bool has_json_type(lua_State* state, int index, const void* key);

}  // namespace till::plugin
