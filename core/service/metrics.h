// Metrics: what a service counts, in the text format that Prometheus reads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/http/server.h"
#include "core/store/store.h"

namespace till::service {

// The upper ends of the buckets in which requests are counted by how long they took.
inline constexpr std::array<std::int64_t, 8> kBucketsMs = {5, 25, 100, 250, 1000, 2500, 10'000, 30'000};
// Different reasons for refusals that are told apart; further ones are "other".
inline constexpr std::size_t kMaxReasons = 64;

// What is true at the moment, beside what was counted.
struct Moment {
  http::ServerCounts server{};
  bool store_up = false;
  std::int64_t store_read_ms = 0;
  std::vector<StoreCounts> store{};  // empty when it is not up
  std::uint64_t log_dropped = 0;
  UnixMillis now_ms = 0;
};

// Safe to call from any thread. `times` 0 makes a count that begins at 0, for what is known to be possible: where a
// count appears with its first event, nobody's graph shows that event.
class Metrics {
 public:
  // `route` is one of the service's own words, so that nobody outside makes new ones.
  void count_request(std::string_view route, int status, std::int64_t took_ms);
  // `result`: "accepted", "duplicate", "refused" or "failed"; `reason` of the last two.
  void count_webhook(std::string_view gateway, std::string_view result, std::string_view reason,
                     std::uint64_t times = 1);
  // `result`: "done" or "failed".
  void count_event(std::string_view result, std::uint64_t times = 1);
  void count_reconcile(std::string_view gateway, std::string_view result, std::uint64_t times = 1);
  // Of the operator's pages. `result`: "accepted", "refused" or "limited".
  void count_login(std::string_view result, std::uint64_t times = 1);
  // What the server refused by itself.
  void count_refusal(std::string_view reason);
  std::string text(const Moment& moment) const;

 private:
  struct Durations {
    std::array<std::uint64_t, kBucketsMs.size()> buckets{};
    std::uint64_t count = 0;
    std::int64_t sum_ms = 0;
  };
  using Labels = std::string;  // as they are written: `route="call",status="200"`

  mutable std::mutex mutex_;  // guards the rest
  std::map<Labels, std::uint64_t> requests_, webhooks_, events_, reconciles_, logins_, refusals_;
  std::map<Labels, Durations> durations_;
};

}  // namespace till::service
