// Fault: where a text stops being JSON, and how.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace till::json {

struct Fault {
  std::string_view problem;  // "a comma stands before a closing bracket"; holds nothing of the text
  std::size_t line = 1;      // of the first character of what is wrong, or stands where something is missing; from 1
  std::size_t column = 1;    // in characters, from 1
};

// The first fault in the grammar or the UTF-8 of a text: nullopt for any text that parse() takes, and when nothing is
// wrong up to a nesting deeper than 1,000 levels. Halves of surrogate pairs, members that stand twice and limits are
// parse()'s own to tell. Costs about as much as reading the text.
std::optional<Fault> find_fault(std::string_view text);

}  // namespace till::json
