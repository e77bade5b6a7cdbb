// assert, error, ipairs, next, pairs, pcall, select, tonumber, tostring, type; and math.
#include <charconv>
#include <cstdint>
#include <limits>

#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/lua_json_types.h"
#include "core/plugin/run_state.h"
#include "core/plugin/script_errors.h"

namespace till::plugin {
namespace {

int basic_assert(lua_State* state) {
  any_argument(state, 1);
  if (lua_toboolean(state, 1) != 0) return lua_gettop(state);
  if (lua_gettop(state) < 2) raise(state, "assertion failed!");
  lua_settop(state, 2);
  return lua_error(state);
}

int basic_error(lua_State* state) {
  const std::int64_t level = integer_argument_or(state, 2, 1);
  lua_settop(state, 1);
  if (lua_type(state, 1) == LUA_TSTRING && level > 0 && level < 100) {
    push_where(state, static_cast<int>(level));
    lua_pushvalue(state, 1);
    lua_concat(state, 2);
  }
  return lua_error(state);
}

int basic_next(lua_State* state) {
  table_argument(state, 1);
  lua_settop(state, 2);
  walk(state);
  if (lua_next(state, 1) != 0) return 2;
  lua_pushnil(state);
  return 1;
}

int basic_pairs(lua_State* state) {
  table_argument(state, 1);
  lua_pushcfunction(state, basic_next);
  lua_pushvalue(state, 1);
  lua_pushnil(state);
  return 3;
}

int ipairs_step(lua_State* state) {
  table_argument(state, 1);
  const std::int64_t index = integer_argument(state, 2) + 1;
  lua_pushinteger(state, index);
  return lua_rawgeti(state, 1, index) == LUA_TNIL ? 1 : 2;
}

int basic_ipairs(lua_State* state) {
  table_argument(state, 1);
  lua_pushcfunction(state, ipairs_step);
  lua_pushvalue(state, 1);
  lua_pushinteger(state, 0);
  return 3;
}

// After the called function returned, failed, or went on after a request.
int finish_pcall(lua_State* state, int status, lua_KContext) {
  if (status == LUA_OK || status == LUA_YIELD) return lua_gettop(state);
  note_lua_error(state, status);
  if (run_of(state).ending != Ending::kNone) return lua_error(state);
  lua_pushboolean(state, 0);
  lua_rotate(state, -2, 1);
  return 2;
}

int basic_pcall(lua_State* state) {
  any_argument(state, 1);
  lua_pushboolean(state, 1);
  lua_rotate(state, 1, 1);
  const int status = lua_pcallk(state, lua_gettop(state) - 2, LUA_MULTRET, 0, 0, finish_pcall);
  return finish_pcall(state, status, 0);
}

int basic_select(lua_State* state) {
  const int count = lua_gettop(state);
  if (lua_type(state, 1) == LUA_TSTRING && text_argument(state, 1) == "#") {
    lua_pushinteger(state, count - 1);
    return 1;
  }
  const std::int64_t from = integer_argument(state, 1);
  if (from == 0 || from < -count + 1) raise_argument(state, 1, "an index in range");
  const std::int64_t first = from < 0 ? count + from : from;
  return first >= count ? 0 : count - static_cast<int>(first);
}

int basic_tonumber(lua_State* state) {
  any_argument(state, 1);
  if (lua_gettop(state) > 1) raise(state, "tonumber reads base 10 only");
  if (lua_isinteger(state, 1) != 0) return lua_settop(state, 1), 1;
  std::int64_t number = 0;
  if (lua_type(state, 1) == LUA_TSTRING) {
    const std::string_view text = text_argument(state, 1);
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec == std::errc() && result.ptr == end) return lua_pushinteger(state, number), 1;
  }
  lua_pushnil(state);
  return 1;
}

int basic_tostring(lua_State* state) {
  any_argument(state, 1);
  switch (lua_type(state, 1)) {
    case LUA_TSTRING:
      lua_settop(state, 1);
      return 1;
    case LUA_TNUMBER:
      if (lua_isinteger(state, 1) == 0) raise(state, "a float has no exact text; use money.* or integers");
      lua_settop(state, 1);
      lua_tolstring(state, 1, nullptr);
      return 1;
    case LUA_TBOOLEAN:
      lua_pushstring(state, lua_toboolean(state, 1) != 0 ? "true" : "false");
      return 1;
    case LUA_TNIL:
      lua_pushstring(state, "nil");
      return 1;
    case LUA_TLIGHTUSERDATA:
      lua_pushstring(state, "null");
      return 1;
    default: {  // never an address
      const std::string_view number = json_number_at(state, 1);
      if (number.empty())
        lua_pushstring(state, lua_typename(state, lua_type(state, 1)));
      else
        lua_pushlstring(state, number.data(), number.size());
      return 1;
    }
  }
}

int basic_type(lua_State* state) {
  any_argument(state, 1);
  lua_pushstring(state, lua_typename(state, lua_type(state, 1)));
  return 1;
}

template <class Better>
int best_integer(lua_State* state, Better better) {
  std::int64_t best = integer_argument(state, 1);
  for (int i = 2; i <= lua_gettop(state); ++i) {
    const std::int64_t other = integer_argument(state, i);
    if (better(other, best)) best = other;
  }
  lua_pushinteger(state, best);
  return 1;
}

int math_min(lua_State* state) {
  return best_integer(state, [](std::int64_t a, std::int64_t b) { return a < b; });
}

int math_max(lua_State* state) {
  return best_integer(state, [](std::int64_t a, std::int64_t b) { return a > b; });
}

void add_math_values(lua_State* state) {
  lua_pushinteger(state, std::numeric_limits<std::int64_t>::max());
  lua_setfield(state, -2, "maxinteger");
  lua_pushinteger(state, std::numeric_limits<std::int64_t>::min());
  lua_setfield(state, -2, "mininteger");
}

constexpr HostFunction kBasics[] = {
    {"assert", basic_assert},     {"error", basic_error},       {"ipairs", basic_ipairs}, {"next", basic_next},
    {"pairs", basic_pairs},       {"pcall", basic_pcall},       {"select", basic_select}, {"type", basic_type},
    {"tonumber", basic_tonumber}, {"tostring", basic_tostring},
};
constexpr HostFunction kMath[] = {{"max", math_max}, {"min", math_min}};

}  // namespace

constexpr std::span<const HostFunction> kBasicFunctions = kBasics;
constexpr HostLibrary kMathLibrary{"math", kMath, add_math_values};

}  // namespace till::plugin
