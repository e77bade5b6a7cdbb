// Target: what a request's URL says about where it goes, taken apart once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till::http {

struct Target {
  bool secure = true;        // https
  std::string host;          // lower case; an IPv6 address without its brackets
  std::uint16_t port = 443;  // the scheme's own when the URL names none
  std::string path;          // path and query as they go on the request line, never empty

  // "https://host" or "https://host:port": what may be shown in messages, and what a pooled connection is kept under.
  std::string origin() const;
  // "host" or "host:port", as in the Host field and in CONNECT when `always_port`.
  std::string authority(bool always_port) const;
};

// Takes an absolute URL apart. kInvalidRequest at "$.url" when it is longer than 16 KiB, is not https (or http to a
// loopback host), has user info or a fragment, or is no RFC 3986 URL. Messages do not repeat the URL: it may hold a
// secret.
Result<Target> parse_target(std::string_view url);

// Takes "host", "host:port" or "[ipv6]:port" apart; `*port` stays when the text names none. The host comes out in lower
// case and without brackets. Errors as above.
Status parse_authority(std::string_view text, std::string* host, std::uint16_t* port);

struct Request;

// check_request() and parse_target() in one go.
Result<Target> check_and_parse(const Request& request);

}  // namespace till::http
