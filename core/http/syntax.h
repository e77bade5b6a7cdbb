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

// No control character but the tab.
inline bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

}  // namespace till::http
