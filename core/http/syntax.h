// What RFC 9110 lets stand in the parts of a message.
#pragma once

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"

namespace till::http {

// RFC 9110, section 5.6.2: methods and the names of fields.
inline bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  auto fits = [&](char c) { return is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

// No control character but the tab.
inline bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

}  // namespace till::http
