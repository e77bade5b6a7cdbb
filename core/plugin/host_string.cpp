// string: sub, len, upper, lower, rep, byte, char, reverse; also methods of every string. No patterns, no format.
#include <algorithm>
#include <string>

#include "core/base/ascii.h"
#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/run_state.h"

namespace till::plugin {
namespace {

constexpr std::int64_t kMaxBytesReturned = 250;

// The range [first, last] of positions as Lua counts them (from 1; from the end when negative) as a view.
std::string_view slice(std::string_view text, std::int64_t first, std::int64_t last) {
  const auto size = static_cast<std::int64_t>(text.size());
  if (first < 0) first = std::max<std::int64_t>(size + first + 1, 1);
  if (first == 0) first = 1;
  if (last < 0) last = size + std::max(last, -size - 1) + 1;
  last = std::min(last, size);
  if (first > last) return {};
  return text.substr(static_cast<std::size_t>(first - 1), static_cast<std::size_t>(last - first + 1));
}

int string_sub(lua_State* state) {
  const std::string_view part =
      slice(text_argument(state, 1), integer_argument(state, 2), integer_argument_or(state, 3, -1));
  lua_pushlstring(state, part.data(), part.size());
  return 1;
}

int string_len(lua_State* state) {
  lua_pushinteger(state, static_cast<lua_Integer>(text_argument(state, 1).size()));
  return 1;
}

// Changes each byte of the argument into another.
template <class Change>
int mapped(lua_State* state, Change change) {
  const std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size() * 4);
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text.resize(text.size());
                       std::transform(text.begin(), text.end(), run.text.begin(), change);
                       return Outcome::kDone;
                     }));
}

int string_upper(lua_State* state) {
  return mapped(state, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
}

int string_lower(lua_State* state) {
  return mapped(state, [](char c) { return to_lower(c); });
}

int string_reverse(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size() * 4);
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text.assign(text.rbegin(), text.rend());
                       return Outcome::kDone;
                     }));
}

int string_rep(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  const std::int64_t count = std::max<std::int64_t>(integer_argument(state, 2), 0);
  const std::string_view separator = lua_isnoneornil(state, 3) ? std::string_view() : text_argument(state, 3);
  const std::size_t each = text.size() + separator.size();
  const std::size_t limit = run_of(state).limits.max_string_bytes;
  if (each > 0 && static_cast<std::uint64_t>(count) > limit / each) raise(state, "resulting string too large");
  if (each > 0) charge_bytes(state, static_cast<std::size_t>(count) * (each == 1 ? 1 : each + 16));
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text.clear();
                       if (each == 0) return Outcome::kDone;
                       if (each == 1 && separator.empty()) {
                         run.text.assign(static_cast<std::size_t>(count), text[0]);
                         return Outcome::kDone;
                       }
                       run.text.reserve(static_cast<std::size_t>(count) * each);
                       for (std::int64_t i = 0; i < count; ++i) {
                         if (i > 0) run.text += separator;
                         run.text += text;
                       }
                       return Outcome::kDone;
                     }));
}

int string_byte(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  const std::int64_t first = integer_argument_or(state, 2, 1);
  const std::string_view part = slice(text, first, integer_argument_or(state, 3, first));
  if (static_cast<std::int64_t>(part.size()) > kMaxBytesReturned) raise(state, "string.byte returns at most 250 bytes");
  if (lua_checkstack(state, static_cast<int>(part.size())) == 0) raise_ending(state, Ending::kMemory);
  for (const char c : part) lua_pushinteger(state, static_cast<unsigned char>(c));
  return static_cast<int>(part.size());
}

int string_char(lua_State* state) {
  const int count = lua_gettop(state);
  for (int i = 1; i <= count; ++i) {
    const std::int64_t code = integer_argument(state, i);
    if (code < 0 || code > 255) raise_argument(state, i, "a byte from 0 to 255");
  }
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text.clear();
                       for (int i = 1; i <= count; ++i)
                         run.text += static_cast<char>(lua_tointegerx(state, i, nullptr));
                       return Outcome::kDone;
                     }));
}

constexpr HostFunction kStringFunctions[] = {
    {"byte", string_byte}, {"char", string_char},       {"len", string_len}, {"lower", string_lower},
    {"rep", string_rep},   {"reverse", string_reverse}, {"sub", string_sub}, {"upper", string_upper},
};

}  // namespace

constexpr HostLibrary kStringLibrary{"string", kStringFunctions, nullptr};

}  // namespace till::plugin
