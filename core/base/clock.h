// Clock: the door through which time comes in. Nothing else in the core asks the system what time it is.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace till {

// Milliseconds since 1970-01-01T00:00:00Z.
using UnixMillis = std::int64_t;

// Implementations are safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual UnixMillis now_ms() const = 0;
  // Milliseconds since some moment of this process: for how long something took, however the wall clock is set
  // meanwhile.
  virtual std::int64_t steady_ms() const = 0;
};

// The system's wall clock.
class SystemClock final : public Clock {
 public:
  UnixMillis now_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::int64_t steady_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

// A clock that stands still until it is set; for tests and replays.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMillis now_ms) : now_ms_(now_ms) {}
  UnixMillis now_ms() const override { return now_ms_.load(); }
  std::int64_t steady_ms() const override { return passed_ms_.load(); }
  // As a wall clock is set: no time passes.
  void set(UnixMillis now_ms) { now_ms_.store(now_ms); }
  void advance(std::int64_t by_ms) {
    passed_ms_.fetch_add(by_ms);
    now_ms_.fetch_add(by_ms);
  }

 private:
  std::atomic<UnixMillis> now_ms_;
  std::atomic<std::int64_t> passed_ms_{0};
};

}  // namespace till
