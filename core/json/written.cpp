#include "core/json/written.h"

#include <cstddef>

#include "core/json/json.h"

namespace till::json {

Result<Value> parse_written(std::string_view text) {
  constexpr std::size_t kAnyDepth = 1'000;
  return parse(text, {.max_bytes = text.size(), .max_depth = kAnyDepth, .max_values = text.size()});
}

}  // namespace till::json
