// Reading and writing JSON text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::json {

// What parse() accepts. A document beyond a limit is refused whole.
struct ParseLimits {
  std::size_t max_bytes = 4u << 20;     // of the text
  std::size_t max_depth = 64;           // of nested arrays and objects
  std::size_t max_values = 200'000;     // of values in all, keys not counted
  std::size_t max_members = 2'000;      // of one object: look-ups are linear, so this bounds what a text can cost
  std::size_t max_number_length = 400;  // of characters in one number
};

// Parses one whole RFC 8259 document. Refuses, with kInvalidRequest, code "invalid_json" and the path in `field`
// ("$.data[3].amount"; "$" when the text breaks before a path is known): bad syntax, trailing text, invalid UTF-8, a
// duplicate key in one object, lone surrogates, and anything beyond the limits. Numbers keep their text. Any thread.
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

// Compact RFC 8259 text; members in their order, numbers as their text, "/" and non-ASCII characters as they are.
std::string write(const Value& value);
// Appends to `out` instead.
void write_to(const Value& value, std::string& out);
// The same with the members of every object in the order of their names: equal values have equal text.
void write_sorted_to(const Value& value, std::string& out);
// Appends `text` as a JSON string with its quotes.
void write_string_to(std::string_view text, std::string& out);
// True when `text` is a JSON number by the grammar of RFC 8259.
bool is_number(std::string_view text);

}  // namespace till::json
