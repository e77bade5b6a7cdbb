// Counter: 0, 1, 2, ..., each handed out once.
#pragma once

#include <atomic>
#include <cstdint>

namespace till {

// Safe to call from any thread. A forked child goes on from where its parent was.
class Counter {
 public:
  std::int64_t next() { return next_.fetch_add(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> next_{0};
};

}  // namespace till
