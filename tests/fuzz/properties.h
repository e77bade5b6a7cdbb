// What must hold for any bytes that a parser is given. A property that fails ends the process, in a fuzzer and in a
// test alike.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "core/json/json.h"
#include "core/plugin/manifest.h"
#include "core/plugin/operations.h"

namespace till::fuzz {

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "broken property: %s\n", property);
  std::abort();
}

// What is accepted writes to a text that reads back as the same value; what is refused says where.
inline void check_json(std::string_view bytes) {
  const auto value = json::parse(bytes);
  if (!value.ok()) {
    require(value.error().kind == ErrorKind::kInvalidRequest, "a refused text is an invalid request");
    require(value.error().field.starts_with('$'), "an error has a place");
    return;
  }
  const std::string text = json::write(*value);
  const auto again = json::parse(text, {.max_bytes = text.size()});
  require(again.ok(), "what was written can be read");
  require(*again == *value, "what was written reads as the same value");
  require(json::write(*again) == text, "writing is stable");
}

// What is accepted is consistent in itself; what is refused is the plugin's fault and says where.
inline void check_manifest(std::string_view bytes) {
  const auto manifest = plugin::parse_manifest(bytes);
  if (!manifest.ok()) {
    require(manifest.error().kind == ErrorKind::kPlugin, "a refused manifest is the plugin's fault");
    require(manifest.error().field.starts_with('$'), "an error has a place");
    return;
  }
  require(!manifest->id.empty() && !manifest->capabilities.empty(), "a manifest names itself and what it can do");
  require(manifest->modes.contains(manifest->default_mode), "the default mode exists");
  for (const auto& [operation, capability] : manifest->capabilities)
    require(plugin::find_operation(operation) && !manifest->absent.contains(operation), "capabilities are real");
}

}  // namespace till::fuzz
