// Text that a script or a provider wrote, made fit for an error message or a log line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace till::plugin {

// What a message raised by a script keeps at most.
inline constexpr std::size_t kMaxScriptMessage = 512;
// What one line of log.* keeps at most.
inline constexpr std::size_t kMaxLogText = 1024;

// At most `max_bytes` of `text`: control characters become spaces, bytes that are not UTF-8 become "?", and no
// character is cut in the middle.
std::string plain_text(std::string_view text, std::size_t max_bytes);

}  // namespace till::plugin
