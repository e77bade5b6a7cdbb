// Bytes: how raw bytes are viewed. A std::string_view of bytes is the core's borrowed byte range.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace till {

// The same bytes, seen as text characters; valid as long as `bytes` is.
inline std::string_view byte_view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The same bytes, seen as unsigned numbers; valid as long as `bytes` is.
inline std::span<const std::uint8_t> byte_span(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace till
