// Request and Response: plain values. What a client sends and gets back, whoever's client it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace till::http {

// Header fields in the order in which they are sent or came; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  auto begin() { return fields_.begin(); }
  auto end() { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

struct Request {
  std::string method = "GET";
  std::string url;  // absolute: https://host[:port]/path?query ; http for loopback addresses only
  Headers headers;  // Host, Content-Length and User-Agent are added by the client when absent
  std::string body;
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;
  bool repeated = false;  // an earlier attempt of this request may have arrived too
};

// What the core reads from any response's headers.
struct ResponseHints {
  std::optional<std::int64_t> retry_after_ms;  // Retry-After, seconds or date
  std::optional<std::int64_t> date_ms;         // Date
};
ResponseHints read_hints(const Headers& headers, std::int64_t now_ms);
// The whole number in a field, not negative; a fraction is cut off. Nothing when the field is absent or holds none.
std::optional<std::int64_t> read_count(const Headers& headers, std::string_view name);

// Refuses what could smuggle: control characters, CR, LF, NUL in any part, a method or header name that is no token, a
// url that is not absolute https (or http to a loopback address), has user info or a fragment. kInvalidRequest.
Status check_request(const Request& request);
// True for "localhost", 127.0.0.0/8 and [::1].
bool is_loopback_host(std::string_view host);

}  // namespace till::http
