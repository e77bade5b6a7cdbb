// Paths: how an error names a place in a JSON document: `$.data[3]."odd key"`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace till::json {

// The path of an object's member. A key that is no plain word is quoted, and one longer than 64 bytes is cut.
std::string member_path(std::string_view path, std::string_view key);
// The path of an array's element, counted from 0.
std::string element_path(std::string_view path, std::size_t index);

}  // namespace till::json
