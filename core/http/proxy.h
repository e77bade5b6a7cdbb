// ProxyRule: which requests go through an HTTP proxy, and through which.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/target.h"

namespace till::http {

struct Proxy {
  std::string host;
  std::uint16_t port = 80;
  std::string authorization;  // the value of Proxy-Authorization; empty: none. A secret
};

// Read once from a client's options. Immutable afterwards.
class ProxyRule {
 public:
  // `proxy`: "http://[user:password@]host[:port]" or "host:port"; empty: everything goes direct. `no_proxy`:
  // comma-separated hosts, each with its subdomains, with or without a leading dot or a ":port"; "*" is every host.
  // kConfiguration "proxy" when the proxy's URL is not understood.
  static Result<ProxyRule> make(std::string_view proxy, std::string_view no_proxy);

  // The proxy to go through, or null. Loopback targets always go direct: a proxy's loopback is another machine's.
  const Proxy* for_target(const Target& target) const;

 private:
  Proxy proxy_;
  std::vector<std::string> direct_;  // lower case
};

}  // namespace till::http
