// table: concat, insert, remove, sort, unpack.
#include <algorithm>
#include <string>

#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/run_state.h"
#include "core/plugin/table_concat.h"

namespace till::plugin {
namespace {

constexpr std::int64_t kMaxUnpacked = 250;
constexpr std::int64_t kMaxSorted = 10'000;

std::int64_t length_argument(lua_State* state, int index) {
  table_argument(state, index);
  return static_cast<std::int64_t>(lua_rawlen(state, index));
}

int table_insert(lua_State* state) {
  const std::int64_t length = length_argument(state, 1);
  if (lua_gettop(state) == 2) return lua_rawseti(state, 1, length + 1), 0;
  if (lua_gettop(state) != 3) raise(state, "table.insert takes (table, value) or (table, position, value)");
  const std::int64_t position = integer_argument(state, 2);
  if (position < 1 || position > length + 1) raise_argument(state, 2, "a position in the list");
  charge(state, length - position);
  for (std::int64_t i = length + 1; i > position; --i) {
    lua_rawgeti(state, 1, i - 1);
    lua_rawseti(state, 1, i);
  }
  lua_rawseti(state, 1, position);
  return 0;
}

int table_remove(lua_State* state) {
  const std::int64_t length = length_argument(state, 1);
  const std::int64_t position = integer_argument_or(state, 2, length);
  if (position == length + 1 || length == 0) return lua_pushnil(state), 1;
  if (position < 1 || position > length) raise_argument(state, 2, "a position in the list");
  charge(state, length - position);
  lua_rawgeti(state, 1, position);
  for (std::int64_t i = position; i < length; ++i) {
    lua_rawgeti(state, 1, i + 1);
    lua_rawseti(state, 1, i);
  }
  lua_pushnil(state);
  lua_rawseti(state, 1, length);
  return 1;
}

int table_unpack(lua_State* state) {
  const std::int64_t length = length_argument(state, 1);
  const std::int64_t first = integer_argument_or(state, 2, 1);
  const std::int64_t last = integer_argument_or(state, 3, length);
  if (first > last) return 0;
  if (first < 0 || last > length + kMaxUnpacked || last - first >= kMaxUnpacked)
    raise(state, "table.unpack returns at most 250 values");
  if (lua_checkstack(state, static_cast<int>(last - first + 1)) == 0) raise_ending(state, Ending::kMemory);
  for (std::int64_t i = first; i <= last; ++i) lua_rawgeti(state, 1, i);
  return static_cast<int>(last - first + 1);
}

std::string_view text_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* data = lua_tolstring(state, index, &size);
  return {data, size};
}

// Is the value at `a` to come before the one at `b`? By the comparison function at 2, if there is one.
bool comes_before(lua_State* state, int a, int b) {
  if (!lua_isnil(state, 2)) {
    lua_pushvalue(state, 2);
    lua_pushvalue(state, a);
    lua_pushvalue(state, b);
    lua_callk(state, 2, 1, 0, nullptr);
    const bool before = lua_toboolean(state, -1) != 0;
    lua_pop(state, 1);
    return before;
  }
  if (lua_isinteger(state, a) != 0 && lua_isinteger(state, b) != 0)
    return lua_tointegerx(state, a, nullptr) < lua_tointegerx(state, b, nullptr);
  if (lua_type(state, a) != LUA_TSTRING || lua_type(state, b) != LUA_TSTRING)
    raise(state, "table.sort compares integers or strings; pass a comparison function for other values");
  charge_bytes(state, std::min(text_at(state, a).size(), text_at(state, b).size()));
  return text_at(state, a) < text_at(state, b);
}

// Heap sort: bounded work whatever the comparison answers. Lets list[root] sink among list[1..count].
void sift_down(lua_State* state, std::int64_t root, std::int64_t count) {
  lua_rawgeti(state, 1, root);
  const int sinking = lua_gettop(state);
  for (std::int64_t child = 2 * root; child <= count; child = 2 * root) {
    charge(state, 4);
    lua_rawgeti(state, 1, child);
    if (child < count) {
      lua_rawgeti(state, 1, child + 1);
      if (comes_before(state, sinking + 1, sinking + 2)) {
        ++child;
        lua_copy(state, sinking + 2, sinking + 1);
      }
      lua_settop(state, sinking + 1);
    }
    if (!comes_before(state, sinking, sinking + 1)) break;
    lua_rawseti(state, 1, root);
    root = child;
    lua_settop(state, sinking);
  }
  lua_settop(state, sinking);
  lua_rawseti(state, 1, root);
}

int table_sort(lua_State* state) {
  const std::int64_t length = length_argument(state, 1);
  if (!lua_isnoneornil(state, 2) && !lua_isfunction(state, 2)) raise_argument(state, 2, "a function");
  if (length > kMaxSorted) raise(state, "table.sort takes at most 10000 values");
  lua_settop(state, 2);
  for (std::int64_t root = length / 2; root >= 1; --root) sift_down(state, root, length);
  for (std::int64_t last = length; last > 1; --last) {
    lua_rawgeti(state, 1, 1);
    lua_rawgeti(state, 1, last);
    lua_rawseti(state, 1, 1);
    lua_rawseti(state, 1, last);
    sift_down(state, 1, last - 1);
  }
  return 0;
}

constexpr HostFunction kTableFunctions[] = {
    {"concat", table_concat}, {"insert", table_insert}, {"remove", table_remove},
    {"sort", table_sort},     {"unpack", table_unpack},
};

}  // namespace

int table_concat(lua_State* state) {
  const std::int64_t length = length_argument(state, 1);
  const std::string_view separator = lua_isnoneornil(state, 2) ? std::string_view() : text_argument(state, 2);
  const std::int64_t first = integer_argument_or(state, 3, 1);
  const std::int64_t last = std::min(integer_argument_or(state, 4, length), length);
  if (first < 1) raise_argument(state, 3, "a position in the list");
  charge(state, std::max<std::int64_t>(last - first, 0));
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text.clear();
                       for (std::int64_t i = first; i <= last; ++i) {
                         if (i > first) run.text += separator;
                         lua_rawgeti(state, 1, i);
                         if (lua_type(state, -1) == LUA_TSTRING)
                           run.text += text_at(state, -1);
                         else if (lua_isinteger(state, -1) != 0)
                           run.text += std::to_string(lua_tointegerx(state, -1, nullptr));
                         else
                           return raise_text(run, "a list to join holds a value that is no string or integer, at " +
                                                      std::to_string(i));
                         lua_pop(state, 1);
                         if (run.text.size() > run.limits.max_string_bytes)
                           return raise_text(run, "resulting string too large");
                       }
                       return Outcome::kDone;
                     }));
}

constexpr HostLibrary kTableLibrary{"table", kTableFunctions, nullptr};

}  // namespace till::plugin
