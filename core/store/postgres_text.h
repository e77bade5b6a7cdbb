// Text as PostgreSQL can hold it: UTF-8 without NUL.
#pragma once

#include <string>
#include <string_view>

namespace till {

// Any bytes as text that PostgreSQL takes; valid UTF-8 without NUL stays as it is. Different bytes give different
// texts. What cannot stand there, and U+10FFFF itself, which nobody writes, becomes U+10FFFF and two hex digits a byte.
std::string to_postgres_text(std::string_view bytes);
// The inverse.
std::string from_postgres_text(std::string_view text);

}  // namespace till
