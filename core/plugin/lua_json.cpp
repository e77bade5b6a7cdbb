// JSON values into Lua: see lua_json.h. The way back is in lua_json_read.cpp.
#include "core/plugin/lua_json.h"

#include <cstring>

#include "core/plugin/lua_json_types.h"

namespace till::plugin {
namespace {

// Far above what the JSON reader accepts; values made by the core are no deeper.
constexpr int kMaxPushDepth = 100;

// A metatable that only names a type; scripts have no way to reach it.
void register_type(lua_State* state, const void* key, const char* name) {
  lua_createtable(state, 0, 2);
  lua_pushstring(state, name);
  lua_setfield(state, -2, "__name");
  lua_pushboolean(state, 0);
  lua_setfield(state, -2, "__metatable");
  lua_rawsetp(state, LUA_REGISTRYINDEX, key);
}

void mark(lua_State* state, const void* key) {
  lua_rawgetp(state, LUA_REGISTRYINDEX, key);
  lua_setmetatable(state, -2);
}

void push_at_depth(lua_State* state, const json::Value& value, int depth);

void push_text(lua_State* state, std::string_view text) { lua_pushlstring(state, text.data(), text.size()); }

void push_array(lua_State* state, const json::Array& array, int depth) {
  lua_createtable(state, static_cast<int>(array.size()), 0);
  mark(state, &kJsonArrayType);
  lua_Integer index = 0;
  for (const json::Value& element : array) {
    push_at_depth(state, element, depth);
    lua_rawseti(state, -2, ++index);
  }
}

void push_object(lua_State* state, const json::Object& object, int depth) {
  lua_createtable(state, 0, static_cast<int>(object.size()));
  for (const auto& member : object) {
    push_text(state, member.first);
    push_at_depth(state, member.second, depth);
    lua_rawset(state, -3);
  }
}

void push_number(lua_State* state, const json::Value& value) {
  if (const auto integer = value.as_integer())
    lua_pushinteger(state, *integer);
  else
    push_text(state, value.number()->text);
}

void push_at_depth(lua_State* state, const json::Value& value, int depth) {
  if (depth > kMaxPushDepth || lua_checkstack(state, 8) == 0) raise(state, "JSON nests too deep for a script");
  if (const auto* text = value.string())
    push_text(state, *text);
  else if (value.number() != nullptr)
    push_number(state, value);
  else if (const auto* object = value.object())
    push_object(state, *object, depth + 1);
  else if (const auto* array = value.array())
    push_array(state, *array, depth + 1);
  else if (const auto* boolean = value.boolean())
    lua_pushboolean(state, *boolean ? 1 : 0);
  else
    push_json_null(state);
}

}  // namespace

const char kJsonNumberType = 0;
const char kJsonObjectType = 0;
const char kJsonArrayType = 0;
const char kJsonNull = 0;

void register_json_types(lua_State* state) {
  register_type(state, &kJsonNumberType, "json.number");
  register_type(state, &kJsonObjectType, "json.object");
  register_type(state, &kJsonArrayType, "json.array");
}

void push_json_null(lua_State* state) { lua_pushlightuserdata(state, const_cast<char*>(&kJsonNull)); }

void push_json(lua_State* state, const json::Value& value) { push_at_depth(state, value, 0); }

void push_json_number(lua_State* state, std::string_view text) {
  auto* number = static_cast<char*>(lua_newuserdatauv(state, text.size(), 0));
  std::memcpy(number, text.data(), text.size());
  mark(state, &kJsonNumberType);
}

bool has_json_type(lua_State* state, int index, const void* key) {
  if (lua_checkstack(state, 2) == 0 || lua_getmetatable(state, index) == 0) return false;
  lua_rawgetp(state, LUA_REGISTRYINDEX, key);
  const bool same = lua_rawequal(state, -1, -2) != 0;
  lua_pop(state, 2);
  return same;
}

std::string_view json_number_at(lua_State* state, int index) {
  if (lua_type(state, index) != LUA_TUSERDATA || !has_json_type(state, index, &kJsonNumberType)) return {};
  return {static_cast<const char*>(lua_touserdata(state, index)), lua_rawlen(state, index)};
}

void mark_as_array(lua_State* state) { mark(state, &kJsonArrayType); }

void make_json_object(lua_State* state) {
  lua_newuserdatauv(state, 0, 1);
  lua_rotate(state, -2, 1);
  lua_setiuservalue(state, -2, 1);
  mark(state, &kJsonObjectType);
}

}  // namespace till::plugin
