// Resolver: the door through which host names become addresses.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace till::http {

// Implementations are called from several threads at once and may block.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // The host's IPv4 and IPv6 addresses as text, best first; kTransport "resolve" when there is none, retryable
  // when asking again may help.
  virtual Result<std::vector<std::string>> resolve(const std::string& host) = 0;
};

// The system's: getaddrinfo(3), so /etc/hosts, DNS and whatever else the machine is set up for.
class SystemResolver final : public Resolver {
 public:
  Result<std::vector<std::string>> resolve(const std::string& host) override;
};

}  // namespace till::http
