// What must hold for any bytes that come to the server's door; see properties.h.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "core/http/request_reader.h"
#include "tests/fuzz/properties.h"

namespace till::fuzz {

// Everything that a reader makes of the bytes when they come `size` at a time: its requests, and why it stopped.
inline std::string read_requests(std::string_view bytes, std::size_t size) {
  using State = http::RequestReader::State;
  const http::RequestLimits limits{.header_bytes = 512, .header_fields = 8, .target_bytes = 64, .body_bytes = 64};
  http::RequestReader reader(limits);
  std::string shown, in;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    in += bytes.substr(at, size);
    State state = State::kBody;
    while (state != State::kMore) {
      std::size_t taken = 0;
      state = reader.read(in, &taken);
      require(taken <= in.size(), "a reader takes what it was given");
      in.erase(0, taken);
      if (state == State::kFailed) {
        const auto why = reader.refusal();
        require(why.status >= 400 && why.status <= 505 && !why.reason.empty(), "a refusal has a status and a reason");
        return shown + std::to_string(why.status) + std::string(why.reason);
      }
      if (state != State::kDone) continue;
      const bool keep_alive = reader.keep_alive();
      const http::InboundRequest request = reader.take();
      require(request.target.starts_with('/') || request.target == "*", "a target is a path");
      require(request.body.size() <= limits.body_bytes, "a body is within its limit");
      require(request.headers.size() <= limits.header_fields, "the fields are within their limit");
      shown += request.method + request.target + request.body + (keep_alive ? "+" : "-");
      for (const auto& [name, value] : request.headers) {
        require(name.find_first_of(" \t\r\n:") == name.npos, "a field's name is one word");
        require(value.find_first_of("\r\n") == value.npos && value.find('\0') == value.npos, "a value is one line");
        shown += name + value;
      }
      reader.start();
      if (in.empty()) break;
    }
    require(in.size() <= limits.header_bytes + 1024, "what waits for more is within its limit");
  }
  return shown;
}

// The same requests come out however the bytes are cut.
inline void check_http_request(std::string_view bytes) {
  const std::string whole = read_requests(bytes, std::max<std::size_t>(bytes.size(), 1));
  for (const std::size_t size : {1u, 2u, 7u})
    require(read_requests(bytes, size) == whole, "it does not matter how a request is cut");
}

}  // namespace till::fuzz
