// Log: what a service says of its work, as JSON, one object a line, on standard error.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/json/value.h"
#include "core/service/config.h"

namespace till::service {

// Lines that wait for a slow reader; further ones are dropped, and counted.
inline constexpr std::size_t kMaxWaitingLines = 10'000;

// Safe to call from any thread. A thread of its own writes, so that a reader that reads nothing holds up no payment.
class Log {
 public:
  // Takes whole lines, each with its line break. For tests; otherwise standard error.
  using Sink = std::function<void(std::string_view lines)>;

  Log(LogLevel level, std::shared_ptr<const Clock> clock, Sink sink = {});
  // close(), unless that has happened.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // {"time", "level", "event", and the fields}. The fields must hold no secret and nothing of a body.
  void info(std::string_view event, json::Object fields) { write(LogLevel::kInfo, event, std::move(fields)); }
  void warn(std::string_view event, json::Object fields) { write(LogLevel::kWarn, event, std::move(fields)); }
  // Writes what waits; nothing is written any more when this returns.
  void close();
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  void write(LogLevel level, std::string_view event, json::Object fields);
  void run();

  const LogLevel level_;
  const std::shared_ptr<const Clock> clock_;
  const Sink sink_;
  std::atomic<std::uint64_t> dropped_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> waiting_;  // guarded by mutex_
  bool closing_ = false;              // guarded by mutex_
  std::thread thread_;
};

}  // namespace till::service
