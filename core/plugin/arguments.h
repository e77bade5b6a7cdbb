// Arguments: reading what a script passed to a host function. Each of these raises a script error when the argument is
// of another type, so call them before any C++ object is made. Views stay valid while the argument is on the stack.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/plugin/lua_api.h"

namespace till::plugin {

// Raises "bad argument #2 to 'sub' (...)".
[[noreturn]] void raise_argument(lua_State* state, int index, const char* expected);

// A string; numbers are not converted.
std::string_view text_argument(lua_State* state, int index);
// An integer; strings are not converted, and floats are refused even when they are whole.
std::int64_t integer_argument(lua_State* state, int index);
std::int64_t integer_argument_or(lua_State* state, int index, std::int64_t otherwise);
// A table.
void table_argument(lua_State* state, int index);
// Any value, but not nothing.
void any_argument(lua_State* state, int index);

// A decimal number as a script writes it: text, an integer or a json.number.
struct DecimalArgument {
  std::string_view text() const { return is_integer ? std::string_view(digits, size) : borrowed; }
  bool is_integer = false;
  std::string_view borrowed;
  char digits[24];
  std::size_t size = 0;
};
DecimalArgument decimal_argument(lua_State* state, int index);

// A Money table {amount = ..., currency = ...}. The views stay valid while the function runs: both fields are left on
// the stack.
struct MoneyArgument {
  DecimalArgument amount;
  std::string_view currency;
};
MoneyArgument money_argument(lua_State* state, int index);

}  // namespace till::plugin
