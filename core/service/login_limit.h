// LoginLimit: how often somebody may show a wrong token before they have to wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.h"

namespace till::service {

// So many wrong tokens of one peer in one span of time, and it waits for the end of that span.
inline constexpr std::int64_t kLoginSpanMs = 60'000;
inline constexpr int kMaxWrongTokens = 10;
// Peers that are remembered; one more takes the place of the one whose span began first.
inline constexpr std::size_t kMaxLoginPeers = 1024;

// A peer is an address as InboundRequest has it. One of IPv6 stands for its whole /64, because whoever has one address
// has all of them. One thread at a time.
class LoginLimit {
 public:
  // Nullopt: it may try. Else for how long it may not, right token or wrong; at least 1.
  std::optional<std::int64_t> wait_ms(const std::string& peer, UnixMillis now_ms);
  void count_wrong(const std::string& peer, UnixMillis now_ms);

 private:
  struct Span {
    UnixMillis began_at = 0;
    int wrong = 0;
  };
  // The peer's span that is not over.
  Span* find(const std::string& key, UnixMillis now_ms);

  std::map<std::string, Span> spans_;  // at most kMaxLoginPeers
};

}  // namespace till::service
