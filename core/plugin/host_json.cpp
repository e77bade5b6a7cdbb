// json: array, decode, encode, null, number, object.
#include <string>

#include "core/json/json.h"
#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/json_text.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

constexpr json::ParseLimits kDecodeLimits{
    .max_bytes = 1u << 20, .max_depth = 32, .max_values = 50'000, .max_number_length = kMaxJsonNumberLength};

int json_array(lua_State* state) {
  table_argument(state, 1);
  lua_settop(state, 1);
  mark_as_array(state);
  return 1;
}

int json_number(lua_State* state) {
  const DecimalArgument number = decimal_argument(state, 1);
  if (number.text().size() > kMaxJsonNumberLength || !json::is_number(number.text()))
    raise_argument(state, 1, "the text of a JSON number");
  push_json_number(state, number.text());
  return 1;
}

// Is the name at `index` one of those already taken, at 1, 3, ... of the list on top?
bool is_taken(lua_State* state, int index, int count) {
  for (int i = 1; i < count; i += 2) {
    lua_rawgeti(state, -1, i);
    const bool same = lua_rawequal(state, -1, index) != 0;
    lua_pop(state, 1);
    if (same) return true;
  }
  return false;
}

int json_object(lua_State* state) {
  const int count = lua_gettop(state);
  if (count % 2 != 0) lua_pushnil(state);  // a last value of nil may go missing
  charge(state, static_cast<std::int64_t>(count) * count / 16);
  lua_createtable(state, count, 0);
  int taken = 0;
  for (int i = 1; i <= count; i += 2) {
    text_argument(state, i);
    if (lua_isnil(state, i + 1)) continue;
    walk(state, i);  // the names compared may be long
    if (is_taken(state, i, taken)) raise_argument(state, i, "a name not yet used");
    lua_pushvalue(state, i);
    lua_rawseti(state, -2, ++taken);
    lua_pushvalue(state, i + 1);
    lua_rawseti(state, -2, ++taken);
  }
  make_json_object(state);
  return 1;
}

int json_encode(lua_State* state) {
  any_argument(state, 1);
  return settle_text(state, guarded(state, [=](RunState& run) {
                       const Outcome read = read_json(run, state, 1, "json.encode", run.value);
                       if (read != Outcome::kDone) return read;
                       run.text.clear();
                       write_json_with_handles(run.value, run.text);
                       run.value = nullptr;
                       if (run.text.size() > run.limits.max_string_bytes)
                         return raise_text(run, "json.encode: resulting string too large");
                       return Outcome::kDone;
                     }));
}

int json_decode(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size() * 16);
  settle(state, guarded(state, [=](RunState& run) {
           auto parsed = json::parse(text, kDecodeLimits);
           if (!parsed) return raise_text(run, "json.decode: " + parsed.error().message);
           run.value = *std::move(parsed);
           return Outcome::kDone;
         }));
  push_json(state, run_of(state).value);
  run_of(state).value = nullptr;
  return 1;
}

void add_values(lua_State* state) {
  push_json_null(state);
  lua_setfield(state, -2, "null");
}

constexpr HostFunction kJsonFunctions[] = {
    {"array", json_array},   {"decode", json_decode}, {"encode", json_encode},
    {"number", json_number}, {"object", json_object},
};

}  // namespace

constexpr HostLibrary kJsonLibrary{"json", kJsonFunctions, add_values};

}  // namespace till::plugin
