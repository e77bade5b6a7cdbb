// What RFC 9110 lets stand in the parts of a message.
#pragma once

#include <string_view>

#include "core/base/ascii.h"

namespace till::http {

// No control character but the tab. Without a way out of the loop, so that it looks at many characters at once.
inline bool is_field_value(std::string_view text) {
  unsigned bad = 0;
  for (const char c : text) bad |= static_cast<unsigned>(is_control(c)) & static_cast<unsigned>(c != '\t');
  return bad == 0;
}

}  // namespace till::http
