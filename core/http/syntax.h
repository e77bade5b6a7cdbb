// What RFC 9110 lets stand in the parts of a message.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "core/base/ascii.h"

namespace till::http {

// RFC 9110, section 5.6.2, `tchar`, by the character's code.
inline constexpr auto kTokenCharacters = [] {
  std::array<bool, 256> fits{};
  for (const char mark : std::string_view("!#$%&'*+-.^_`|~")) fits[static_cast<unsigned char>(mark)] = true;
  for (int c = 0; c < 128; ++c)
    if (is_letter(static_cast<char>(c)) || is_digit(static_cast<char>(c))) fits[static_cast<std::size_t>(c)] = true;
  return fits;
}();

// Methods and the names of fields.
inline bool is_token(std::string_view text) {
  const auto fits = [](char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// No control character but the tab. Without a way out of the loop, so that it looks at many characters at once.
inline bool is_field_value(std::string_view text) {
  unsigned bad = 0;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    bad |= static_cast<unsigned>(code < 0x20) & static_cast<unsigned>(code != '\t');
    bad |= static_cast<unsigned>(code == 0x7f);
  }
  return bad == 0;
}

}  // namespace till::http
