// UTF-8: is it, and where it may be cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace till {

// The length of the longest prefix that is valid UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above
// U+10FFFF); text.size() when all of it is. A prefix never ends inside a character.
std::size_t valid_utf8_prefix(std::string_view text);

inline bool is_valid_utf8(std::string_view text) { return valid_utf8_prefix(text) == text.size(); }

// At most the first `most` bytes of the text, cut between two characters.
std::string cut_utf8(std::string text, std::size_t most);

}  // namespace till
