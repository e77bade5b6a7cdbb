// Reading back what this library wrote itself: records of the store, and results that hold them.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::json {

// Parses what write() made of values that were bounded one by one when they came: together they may be larger and
// deeper than what parse() takes from others. kInvalidRequest as there. Any thread.
Result<Value> parse_written(std::string_view text);

}  // namespace till::json
