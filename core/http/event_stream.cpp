#include "core/http/event_stream.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace till::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Status EventStreamReader::read(std::string_view bytes, std::vector<ServerEvent>& events) {
  for (const char c : bytes) {
    if (std::exchange(after_cr_, c == '\r') && c == '\n') continue;
    if (c == '\r' || c == '\n') {
      end_line(events);
      continue;
    }
    if (++bytes_ > max_event_bytes_)
      return Error{ErrorKind::kTransport, "too_large", "an event of the stream is over the limit"};
    line_ += c;
  }
  return {};
}

void EventStreamReader::end_line(std::vector<ServerEvent>& events) {
  std::string_view line = line_;
  if (std::exchange(at_start_, false) && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    dispatch(events);
  } else if (line.front() != ':') {
    const std::size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    take_field(line.substr(0, colon), value);
  }
  line_.clear();
}

void EventStreamReader::take_field(std::string_view name, std::string_view value) {
  if (name == "event") {
    name_ = value;
  } else if (name == "data") {
    data_.append(value).append("\n");
    ++bytes_;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  } else if (name == "retry" && is_digits(value)) {
    std::int64_t milliseconds = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    if (read.ec == std::errc()) retry_ms_ = milliseconds;
  }
}

// An event without data is none.
void EventStreamReader::dispatch(std::vector<ServerEvent>& events) {
  last_event_id_ = id_;
  bytes_ = 0;
  if (!data_.empty()) {
    data_.pop_back();
    events.push_back({name_.empty() ? "message" : std::move(name_), std::move(data_)});
  }
  name_.clear();
  data_.clear();
}

}  // namespace till::http
