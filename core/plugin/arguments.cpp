// Reading arguments of host functions: see arguments.h.
#include "core/plugin/arguments.h"

#include <charconv>
#include <cstdlib>

#include "core/plugin/lua_json.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

// "nil", "table", "a JSON number" ... of the value as the script would call it.
const char* described(lua_State* state, int index) {
  if (lua_type(state, index) == LUA_TNUMBER && lua_isinteger(state, index) == 0) return "a float";
  return lua_type(state, index) == LUA_TNONE ? "nothing" : lua_typename(state, lua_type(state, index));
}

std::string_view string_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* data = lua_tolstring(state, index, &size);
  return {data, size};
}

}  // namespace

void raise_argument(lua_State* state, int index, const char* expected) {
  lua_Debug frame;
  const char* name = nullptr;
  if (lua_getstack(state, 0, &frame) != 0 && lua_getinfo(state, "n", &frame) != 0) name = frame.name;
  const char* got = described(state, index);
  push_where(state, 1);
  lua_pushfstring(state, "bad argument #%d to '%s' (%s expected, got %s)", index, name != nullptr ? name : "?",
                  expected, got);
  lua_concat(state, 2);
  lua_error(state);
  std::abort();  // lua_error does not return
}

std::string_view text_argument(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TSTRING) raise_argument(state, index, "a string");
  return string_at(state, index);
}

std::int64_t integer_argument(lua_State* state, int index) {
  if (lua_isinteger(state, index) == 0) raise_argument(state, index, "an integer");
  return lua_tointegerx(state, index, nullptr);
}

std::int64_t integer_argument_or(lua_State* state, int index, std::int64_t otherwise) {
  return lua_isnoneornil(state, index) ? otherwise : integer_argument(state, index);
}

void table_argument(lua_State* state, int index) {
  if (!lua_istable(state, index)) raise_argument(state, index, "a table");
}

void any_argument(lua_State* state, int index) {
  if (lua_type(state, index) == LUA_TNONE) raise_argument(state, index, "a value");
}

DecimalArgument decimal_argument(lua_State* state, int index) {
  DecimalArgument argument;
  if (lua_isinteger(state, index) != 0) {
    argument.is_integer = true;
    const auto end = std::to_chars(argument.digits, argument.digits + sizeof argument.digits,
                                   static_cast<std::int64_t>(lua_tointegerx(state, index, nullptr)))
                         .ptr;
    argument.size = static_cast<std::size_t>(end - argument.digits);
  } else if (lua_type(state, index) == LUA_TSTRING) {
    argument.borrowed = string_at(state, index);
  } else if (const auto number = json_number_at(state, index); !number.empty()) {
    argument.borrowed = number;
  } else {
    raise_argument(state, index, "decimal text, an integer or a JSON number");
  }
  return argument;
}

MoneyArgument money_argument(lua_State* state, int index) {
  if (!lua_istable(state, index)) raise_argument(state, index, "{amount, currency}");
  lua_pushstring(state, "amount");
  lua_rawget(state, index);
  const int amount = lua_gettop(state);
  lua_pushstring(state, "currency");
  lua_rawget(state, index);
  if (lua_type(state, amount + 1) != LUA_TSTRING || lua_isnil(state, amount))
    raise_argument(state, index, "{amount, currency}");
  return {decimal_argument(state, amount), string_at(state, amount + 1)};
}

}  // namespace till::plugin
