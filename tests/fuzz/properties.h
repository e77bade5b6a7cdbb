// What must hold for any bytes that a parser is given. A property that fails ends the process, in a fuzzer and in a
// test alike.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/event_stream.h"
#include "core/json/fault.h"
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
  const auto fault = json::find_fault(bytes);
  require(!value.ok() || !fault, "no fault is found in what is accepted");
  if (!value.ok()) {
    const bool told = value.error().message.find("is not JSON: ") != std::string::npos;
    require(!told || fault ||
                std::count(bytes.begin(), bytes.end(), '[') + std::count(bytes.begin(), bytes.end(), '{') > 1000,
            "what is no JSON has a fault that is found");
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

// The events are the same however the bytes are cut, none is over the limit, and what is refused is over it.
inline void check_event_stream(std::string_view bytes) {
  constexpr std::size_t kLimit = 256;
  const auto read = [&](std::size_t size) {
    http::EventStreamReader reader(kLimit);
    std::vector<http::ServerEvent> events;
    std::string shown;
    for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(size, rest.size()))) {
      const Status status = reader.read(rest.substr(0, size), events);
      if (status.ok()) continue;
      require(status.error().code == "too_large" && bytes.size() > kLimit, "only what is too large is refused");
      shown += "!";
      break;
    }
    for (const http::ServerEvent& event : events) {
      require(!event.name.empty() && event.name.size() <= kLimit, "an event has a name within its limit");
      require(event.data.size() <= kLimit, "and data within it");
      shown += event.name + '\n' + event.data + '\n';
    }
    require(reader.retry_ms().value_or(0) >= 0, "the time to wait is none that was");
    return shown + reader.last_event_id();
  };
  const std::string whole = read(std::max<std::size_t>(bytes.size(), 1));
  for (const std::size_t size : {1u, 2u, 7u}) require(read(size) == whole, "it does not matter how a stream is cut");
}

}  // namespace till::fuzz
