// Waits: callbacks that come after some time, on the loop's thread, and all of them when the loop closes.
#pragma once

#include <cstdint>
#include <functional>
#include <list>

#include "core/base/result.h"
#include "core/http/loop.h"

namespace till::http {

// On the loop's thread only.
class Waits {
 public:
  using Callback = std::function<void(Status)>;

  explicit Waits(Loop& loop) : loop_(loop) {}

  // Calls back once, after `delay_ms`; with kTransport "closed" when close() came first.
  void add(std::int64_t delay_ms, Callback callback);
  // Calls everybody back; what is added later is called back at once.
  void close();

 private:
  struct Wait {
    Loop::TimerId timer;
    Callback callback;
  };
  Loop& loop_;
  std::list<Wait> waits_;
  bool closed_ = false;
};

}  // namespace till::http
