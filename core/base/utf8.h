// UTF-8: is it?
#pragma once

#include <cstddef>
#include <string_view>

namespace till {

// The length of the longest prefix that is valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
// U+10FFFF); text.size() when all of it is. A prefix never ends inside a character.
std::size_t valid_utf8_prefix(std::string_view text);

inline bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

}  // namespace till
