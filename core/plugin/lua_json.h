// JSON values inside Lua, both ways.
//
// object -> table with string keys; array -> table 1..n marked as an array; null -> json.null; an integer number that
// fits 64 bits -> Lua integer; any other number -> its text as a Lua string. Back: a json.number keeps its text, a
// json.object its order; other tables are objects sorted by key, or arrays.
#pragma once

#include <cstddef>
#include <string_view>

#include "core/json/value.h"
#include "core/plugin/lua_api.h"
#include "core/plugin/run_state.h"

namespace till::plugin {

inline constexpr std::size_t kMaxScriptJsonDepth = 32;
inline constexpr std::size_t kMaxScriptJsonValues = 100'000;
inline constexpr std::size_t kMaxScriptObjectMembers = 1'000;
inline constexpr std::size_t kMaxJsonNumberLength = 400;

// Makes the marks of json.number, json.object and json.array known to the state. May raise.
void register_json_types(lua_State* state);
// Pushes json.null. Cannot raise.
void push_json_null(lua_State* state);
// Pushes the value. May raise; `value` must be owned outside of any frame that Lua jumps over.
void push_json(lua_State* state, const json::Value& value);
// Pushes a json.number with this text, which must be a JSON number. May raise.
void push_json_number(lua_State* state, std::string_view text);
// The text of the json.number at `index`, or "".
std::string_view json_number_at(lua_State* state, int index);
// Marks the table on top as an array. May raise.
void mark_as_array(lua_State* state);
// Replaces the table of keys and values in turn {k1, v1, k2, v2, n = none} on top by a json.object. May raise.
void make_json_object(lua_State* state);

// Reads the value at `index`. Cannot raise, so it may be used inside guarded(). On failure the run is ending with
// script_output and a message that begins with `what` and the path ("$.items[2].amount: ..."): floats, functions, mixed
// keys, holes, text that is not UTF-8, handles inside longer text, cycles and anything beyond the limits.
Outcome read_json(RunState& run, lua_State* state, int index, std::string_view what, json::Value& out);

}  // namespace till::plugin
