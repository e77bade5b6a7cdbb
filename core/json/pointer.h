// JSON Pointer (RFC 6901): finding one value inside another.
#pragma once

#include <string_view>

#include "core/json/value.h"

namespace till::json {

// "" is the value itself, "/data/0/id" a place inside it, with "~1" for "/" and "~0" for "~". nullptr when there is
// nothing there. The result lives as long as `value`.
const Value* at_pointer(const Value& value, std::string_view pointer);

}  // namespace till::json
