// text: plain searching, cutting, joining and encoding. No patterns: nothing here backtracks.
#include <algorithm>
#include <cstring>
#include <string>

#include "core/base/encoding.h"
#include "core/plugin/arguments.h"
#include "core/plugin/host_library.h"
#include "core/plugin/lua_json.h"
#include "core/plugin/request_builder.h"
#include "core/plugin/run_state.h"
#include "core/plugin/table_concat.h"

namespace till::plugin {
namespace {

constexpr int kMaxPieces = 10'000;

// Where `part` is in `text`, or npos. memmem takes linear time whatever the texts are.
std::size_t position(std::string_view text, std::string_view part) {
  const void* found = memmem(text.data(), text.size(), part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

int push_boolean(lua_State* state, bool value) {
  lua_pushboolean(state, value ? 1 : 0);
  return 1;
}

int text_trim(lua_State* state) {
  std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size());
  constexpr std::string_view kSpaces = " \t\r\n\v\f";
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  text.remove_suffix(text.size() - (text.find_last_not_of(kSpaces) + 1));
  lua_pushlstring(state, text.data(), text.size());
  return 1;
}

int text_starts(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  return push_boolean(state, text.starts_with(text_argument(state, 2)));
}

int text_ends(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  return push_boolean(state, text.ends_with(text_argument(state, 2)));
}

int text_contains(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  const std::string_view part = text_argument(state, 2);
  charge_bytes(state, text.size() * 4);
  return push_boolean(state, position(text, part) != std::string_view::npos);
}

int text_split(lua_State* state) {
  std::string_view text = text_argument(state, 1);
  const std::string_view separator = text_argument(state, 2);
  if (separator.empty()) raise_argument(state, 2, "a separator that is not empty");
  charge_bytes(state, text.size() * 4);
  lua_settop(state, 2);
  lua_createtable(state, 4, 0);
  mark_as_array(state);
  for (int piece = 1; piece <= kMaxPieces; ++piece) {
    const std::size_t end = position(text, separator);
    const std::string_view part = text.substr(0, end);
    lua_pushlstring(state, part.data(), part.size());
    lua_rawseti(state, 3, piece);
    if (end == std::string_view::npos) return 1;
    text.remove_prefix(end + separator.size());
  }
  raise(state, "text.split: more than 10000 pieces");
}

Outcome replaced(RunState& run, std::string_view text, std::string_view part, std::string_view by) {
  run.text.clear();
  for (std::size_t at = position(text, part); at != std::string_view::npos; at = position(text, part)) {
    run.text += text.substr(0, at);
    run.text += by;
    text.remove_prefix(at + part.size());
    if (run.text.size() + text.size() > run.limits.max_string_bytes)
      return raise_text(run, "text.replace: resulting string too large");
  }
  run.text += text;
  return Outcome::kDone;
}

int text_replace(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  const std::string_view part = text_argument(state, 2);
  const std::string_view by = text_argument(state, 3);
  if (part.empty()) raise_argument(state, 2, "a text to replace that is not empty");
  charge_bytes(state, text.size() * 8);
  return settle_text(state, guarded(state, [=](RunState& run) { return replaced(run, text, part, by); }));
}

// Encoders cannot fail but in size.
template <class Encode>
int encoded(lua_State* state, std::size_t growth, Encode encode) {
  const std::string_view text = text_argument(state, 1);
  if (text.size() > run_of(state).limits.max_string_bytes / growth) raise(state, "resulting string too large");
  charge_bytes(state, text.size() * 8);
  return settle_text(state, guarded(state, [=](RunState& run) {
                       run.text = encode(text);
                       return Outcome::kDone;
                     }));
}

template <class Decode>
int decoded(lua_State* state, Decode decode) {
  const std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size() * 8);
  return settle_text(state, guarded(state, [=](RunState& run) {
                       auto bytes = decode(text);
                       if (!bytes) return raise_text(run, bytes.error().message);
                       run.text = *std::move(bytes);
                       return Outcome::kDone;
                     }));
}

int text_hex_encode(lua_State* state) { return encoded(state, 2, hex_encode); }
int text_hex_decode(lua_State* state) { return decoded(state, hex_decode); }
int text_base64_encode(lua_State* state) { return encoded(state, 2, base64_encode); }
int text_base64_decode(lua_State* state) { return decoded(state, base64_decode); }

int text_url_encode(lua_State* state) {
  return encoded(state, 3, [](std::string_view text) {
    std::string out;
    percent_encode_between_handles(text, out);
    return out;
  });
}

int text_digits(lua_State* state) {
  const std::string_view text = text_argument(state, 1);
  charge_bytes(state, text.size());
  return push_boolean(state, !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos);
}

constexpr HostFunction kTextFunctions[] = {
    {"base64_decode", text_base64_decode},
    {"base64_encode", text_base64_encode},
    {"contains", text_contains},
    {"digits", text_digits},
    {"ends", text_ends},
    {"hex_decode", text_hex_decode},
    {"hex_encode", text_hex_encode},
    {"join", table_concat},
    {"replace", text_replace},
    {"split", text_split},
    {"starts", text_starts},
    {"trim", text_trim},
    {"url_encode", text_url_encode},
};

}  // namespace

constexpr HostLibrary kTextLibrary{"text", kTextFunctions, nullptr};

}  // namespace till::plugin
