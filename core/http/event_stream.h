// EventStream: server-sent events (WHATWG HTML, section 9.2) read from bytes as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace till::http {

// One event, comments and unfinished lines included: documented ones stay under a hundredth of it.
inline constexpr std::size_t kMaxEventBytes = 64 * 1024;

struct ServerEvent {
  std::string name;  // "message" when the server gave none
  std::string data;  // its lines, joined by '\n'
};

// Reads one stream from its beginning. However the bytes are cut, the events are the same.
class EventStreamReader {
 public:
  explicit EventStreamReader(std::size_t max_event_bytes = kMaxEventBytes) : max_event_bytes_(max_event_bytes) {}

  // Appends the events that these bytes complete. kTransport "too_large" when one is over the limit; the stream is to
  // be given up then.
  Status read(std::string_view bytes, std::vector<ServerEvent>& events);

  // The last id that came with an event: what a reconnection sends as Last-Event-ID; empty when there was none.
  const std::string& last_event_id() const { return last_event_id_; }
  // How long the server wants to be left alone before a reconnection.
  std::optional<std::int64_t> retry_ms() const { return retry_ms_; }

 private:
  void end_line(std::vector<ServerEvent>& events);
  void take_field(std::string_view name, std::string_view value);
  void dispatch(std::vector<ServerEvent>& events);

  std::size_t max_event_bytes_;
  bool at_start_ = true;   // a byte order mark may stand there
  bool after_cr_ = false;  // a line feed belongs to the line end before it
  std::size_t bytes_ = 0;  // of the event so far
  std::string line_;
  std::string name_;
  std::string data_;
  std::string id_;
  std::string last_event_id_;
  std::optional<std::int64_t> retry_ms_;
};

}  // namespace till::http
