// Where two JSON values differ, in words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/value.h"

namespace till::json {

struct Difference {
  std::string path;     // "$.amount.currency"
  std::string message;  // "expected "EUR", got "USD""
};

// The places, below `path`, where `actual` is not what is expected, at most `max` of them. The order of an object's
// members does not count; the text of a number does. Long values are cut.
std::vector<Difference> differences(const Value& expected, const Value& actual, std::string_view path,
                                    std::size_t max = 20);

}  // namespace till::json
