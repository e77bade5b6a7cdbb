#include "core/service/login_limit.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace till::service {
namespace {

constexpr std::size_t kNetworkBytes = 8;  // of a /64

std::string key_of(const std::string& peer) {
  std::array<char, sizeof(in6_addr)> address{};
  if (::inet_pton(AF_INET6, peer.c_str(), address.data()) != 1) return peer;
  return {address.data(), kNetworkBytes};
}

}  // namespace

LoginLimit::Span* LoginLimit::find(const std::string& key, UnixMillis now_ms) {
  const auto found = spans_.find(key);
  if (found == spans_.end()) return nullptr;
  const bool over = now_ms >= found->second.began_at + kLoginSpanMs || now_ms < found->second.began_at;
  if (!over) return &found->second;
  spans_.erase(found);
  return nullptr;
}

std::optional<std::int64_t> LoginLimit::wait_ms(const std::string& peer, UnixMillis now_ms) {
  const Span* const span = find(key_of(peer), now_ms);
  if (span == nullptr || span->wrong < kMaxWrongTokens) return std::nullopt;
  return span->began_at + kLoginSpanMs - now_ms;
}

void LoginLimit::count_wrong(const std::string& peer, UnixMillis now_ms) {
  const std::string key = key_of(peer);
  if (Span* const span = find(key, now_ms)) {
    ++span->wrong;
    return;
  }
  if (spans_.size() >= kMaxLoginPeers)
    spans_.erase(std::min_element(spans_.begin(), spans_.end(), [](const auto& one, const auto& other) {
      return one.second.began_at < other.second.began_at;
    }));
  spans_.emplace(key, Span{now_ms, 1});
}

}  // namespace till::service
