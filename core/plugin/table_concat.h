// table.concat, which text.join is another name of.
#pragma once

#include "core/plugin/lua_api.h"

namespace till::plugin {

int table_concat(lua_State* state);

}  // namespace till::plugin
