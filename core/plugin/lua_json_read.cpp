// Lua values into JSON: read_json() of lua_json.h. Calls only Lua functions that cannot raise.
#include <algorithm>
#include <string>

#include "core/base/utf8.h"
#include "core/plugin/handle.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/lua_json_types.h"
#include "core/plugin/plain_text.h"

namespace till::plugin {
namespace {

// What the keys of a table say it is; an object is known by its first key.
enum class Shape { kEmpty, kArray, kObject, kMixed, kHoles, kForeign };

// Room for so many is made with the first one.
constexpr std::size_t kUsualMembers = 8;

constexpr const char* kMixedKeys = "a table with both string and integer keys";
constexpr const char* kForeignKeys = "a table with keys that are neither strings nor integers";

class Reader {
 public:
  Reader(RunState& run, lua_State* state) : run_(run), state_(state) {}

  bool read(int index, json::Value& out) { return read_at(lua_absindex(state_, index), 0, out); }
  // "$.items[2].amount: a float ..."
  std::string problem() const { return "$" + path_ + ": " + problem_; }
  // What reading cost, in the run's units.
  std::int64_t work() const { return static_cast<std::int64_t>(values_ * 4 + bytes_ / 16); }

 private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  bool within_key(std::string_view key) {
    path_.insert(0, "." + plain_text(key, 60));
    return false;
  }
  bool within_index(lua_Integer index) {
    path_.insert(0, "[" + std::to_string(index) + "]");
    return false;
  }
  std::string_view text_at(int index) {
    std::size_t size = 0;
    const char* data = lua_tolstring(state_, index, &size);  // of a string: converts nothing
    return {data, size};
  }

  bool read_at(int index, std::size_t depth, json::Value& out);
  bool read_text(int index, json::Value& out);
  bool check_text(std::string_view text);
  bool read_userdata(int index, std::size_t depth, json::Value& out);
  bool read_table(int index, std::size_t depth, json::Value& out);
  bool read_array(int index, std::size_t depth, json::Value& out);
  bool read_object(int index, std::size_t depth, json::Value& out);
  bool read_ordered(int index, std::size_t depth, json::Value& out);
  bool add_member(int key, int value, std::size_t depth, std::vector<json::Object::Member>& members);
  Shape shape_of(int index);
  // lua_next(), but also stops when the run's processor time is up: a sparse table has few values and many slots.
  bool next(int index);
  bool is_ending() const { return run_.ending != Ending::kNone; }

  RunState& run_;
  lua_State* state_;
  std::size_t values_ = 0;
  std::size_t bytes_ = 0;
  std::string path_, problem_;
};

bool Reader::read_at(int index, std::size_t depth, json::Value& out) {
  if (++values_ > kMaxScriptJsonValues) return fail("more than " + std::to_string(kMaxScriptJsonValues) + " values");
  if (depth > kMaxScriptJsonDepth || lua_checkstack(state_, 8) == 0)
    return fail("nests more than " + std::to_string(kMaxScriptJsonDepth) + " deep, or contains itself");
  switch (lua_type(state_, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
      out = nullptr;
      return true;
    case LUA_TBOOLEAN:
      out = lua_toboolean(state_, index) != 0;
      return true;
    case LUA_TNUMBER:
      if (lua_isinteger(state_, index) == 0)
        return fail("a float, which is not exact; make amounts with money.* and other numbers with integers");
      out = json::Value::integer(lua_tointegerx(state_, index, nullptr));
      return true;
    case LUA_TSTRING:
      return read_text(index, out);
    case LUA_TTABLE:
      return read_table(index, depth, out);
    case LUA_TUSERDATA:
      return read_userdata(index, depth, out);
    case LUA_TLIGHTUSERDATA:
      out = nullptr;  // json.null is the only one there is
      return true;
    default:
      return fail(std::string("a ") + lua_typename(state_, lua_type(state_, index)) + " has no JSON form");
  }
}

bool Reader::read_text(int index, json::Value& out) {
  const std::string_view text = text_at(index);
  if (!check_text(text)) return false;
  out = text;
  return true;
}

bool Reader::check_text(std::string_view text) {
  bytes_ += text.size();
  if (bytes_ > run_.limits.max_string_bytes)
    return fail("more than " + std::to_string(run_.limits.max_string_bytes) + " bytes of text");
  if (!is_valid_utf8(text)) return fail("text that is not UTF-8; encode bytes with text.hex_encode or base64");
  return handles_stand_alone(text) || fail("a card number or secret can only be passed on whole");
}

bool Reader::read_userdata(int index, std::size_t depth, json::Value& out) {
  if (const auto number = json_number_at(state_, index); !number.empty()) {
    out = json::Number{std::string(number)};
    return true;
  }
  lua_getiuservalue(state_, index, 1);
  const bool done = read_ordered(lua_gettop(state_), depth, out);
  lua_pop(state_, 1);
  return done;
}

bool Reader::next(int index) {
  if (run_.walk(1)) return lua_next(state_, index) != 0;
  lua_pop(state_, 1);
  return false;
}

Shape Reader::shape_of(int index) {
  const auto length = static_cast<lua_Integer>(lua_rawlen(state_, index));
  lua_Integer integers = 0;
  lua_pushnil(state_);
  while (next(index)) {
    lua_pop(state_, 1);
    const bool text = lua_type(state_, -1) == LUA_TSTRING;
    const bool integer = lua_isinteger(state_, -1) != 0;
    const lua_Integer at = integer ? lua_tointegerx(state_, -1, nullptr) : 0;
    if (!integer || at < 1 || at > length) {
      lua_pop(state_, 1);
      if (text) return integers > 0 ? Shape::kMixed : Shape::kObject;
      return integer ? Shape::kHoles : Shape::kForeign;
    }
    ++integers;
  }
  if (integers == 0) return has_json_type(state_, index, &kJsonArrayType) ? Shape::kArray : Shape::kEmpty;
  return integers == length ? Shape::kArray : Shape::kHoles;
}

bool Reader::read_table(int index, std::size_t depth, json::Value& out) {
  const Shape shape = shape_of(index);
  if (is_ending()) return false;
  switch (shape) {
    case Shape::kEmpty:
      out = json::Object();
      return true;
    case Shape::kArray:
      return read_array(index, depth, out);
    case Shape::kObject:
      return read_object(index, depth, out);
    case Shape::kMixed:
      return fail(kMixedKeys);
    case Shape::kHoles:
      return fail("an array with holes");
    case Shape::kForeign:
      break;
  }
  return fail(kForeignKeys);
}

bool Reader::read_array(int index, std::size_t depth, json::Value& out) {
  const auto length = static_cast<lua_Integer>(lua_rawlen(state_, index));
  if (values_ + static_cast<std::size_t>(length) > kMaxScriptJsonValues)
    return fail("more than " + std::to_string(kMaxScriptJsonValues) + " values");
  json::Array array(static_cast<std::size_t>(length));
  for (lua_Integer i = 1; i <= length; ++i) {
    lua_rawgeti(state_, index, i);
    const bool done = read_at(lua_gettop(state_), depth + 1, array[static_cast<std::size_t>(i - 1)]);
    lua_pop(state_, 1);
    if (!done) return within_index(i);
  }
  out = std::move(array);
  return true;
}

bool Reader::add_member(int key, int value, std::size_t depth, std::vector<json::Object::Member>& members) {
  if (lua_type(state_, key) != LUA_TSTRING) return fail(lua_isinteger(state_, key) != 0 ? kMixedKeys : kForeignKeys);
  const std::string_view name = text_at(key);
  if (!check_text(name)) return within_key(name);
  if (find_handle(name)) return fail("a card number or secret cannot be the name of a member");
  if (!run_.walk(1)) return false;
  if (members.size() == kMaxScriptObjectMembers)
    return fail("an object with more than " + std::to_string(kMaxScriptObjectMembers) + " members");
  if (members.empty()) members.reserve(kUsualMembers);
  members.emplace_back(std::string(name), json::Value());
  return read_at(value, depth + 1, members.back().second) || within_key(members.back().first);
}

bool Reader::read_object(int index, std::size_t depth, json::Value& out) {
  std::vector<json::Object::Member> members;
  lua_pushnil(state_);
  while (next(index)) {
    const int value = lua_gettop(state_);
    if (!add_member(value - 1, value, depth, members)) return lua_pop(state_, 2), false;
    lua_pop(state_, 1);
  }
  if (is_ending()) return false;
  // What is sorted is small: a member is moved once.
  std::vector<json::Object::Member*> sorted;
  sorted.reserve(members.size());
  for (auto& member : members) sorted.push_back(&member);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  json::Object object;
  object.reserve(members.size());
  for (auto* member : sorted) object.append(std::move(member->first), std::move(member->second));
  out = std::move(object);
  return true;
}

// `index` holds the keys and values of a json.object in turn; each key stands there once.
bool Reader::read_ordered(int index, std::size_t depth, json::Value& out) {
  std::vector<json::Object::Member> members;
  const auto length = static_cast<lua_Integer>(lua_rawlen(state_, index));
  for (lua_Integer i = 1; i < length; i += 2) {
    lua_rawgeti(state_, index, i);
    lua_rawgeti(state_, index, i + 1);
    const int value = lua_gettop(state_);
    const bool done = add_member(value - 1, value, depth, members);
    lua_pop(state_, 2);
    if (!done) return false;
  }
  json::Object object;
  object.reserve(members.size());
  for (auto& [name, value] : members) object.append(std::move(name), std::move(value));
  out = std::move(object);
  return true;
}

}  // namespace

Outcome read_json(RunState& run, lua_State* state, int index, std::string_view what, json::Value& out) {
  Reader reader(run, state);
  const bool done = reader.read(index, out);
  if (done) return run.charge(reader.work()) ? Outcome::kDone : Outcome::kEnd;
  return end_output(run, std::string(what) + ": " + reader.problem());
}

}  // namespace till::plugin
