// Fault: where a text stops being JSON, and how.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace till::json {

struct Fault {
  std::string_view problem;  // "a comma stands before a closing bracket"; holds nothing of the text
  std::size_t line = 1;      // of the character where reading stops, from 1
  std::size_t column = 1;    // in characters, from 1
};

// The first fault in the structure of a text; nullopt when there is none, or it is nested deeper than 1,000 levels.
// What numbers and words are is not looked at. For a text that parse() refused: costs about as much as reading it
// again.
std::optional<Fault> find_fault(std::string_view text);

}  // namespace till::json
