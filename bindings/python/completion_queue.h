// CompletionQueue: finished operations on their way from the core's threads into one event loop.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace till::python {

// push() from any thread, without the GIL; drain() from the loop's thread. One eventfd write wakes the loop for a whole
// batch: waking it for each completion costs five times as much.
class CompletionQueue {
 public:
  using Completion = std::pair<std::uint64_t, Result<std::string>>;

  // Throws std::system_error when the process has no file descriptor left.
  CompletionQueue();
  ~CompletionQueue();
  CompletionQueue(const CompletionQueue&) = delete;
  CompletionQueue& operator=(const CompletionQueue&) = delete;

  // Readable while something waits. Owned by the queue; non-blocking.
  int descriptor() const { return descriptor_; }
  void push(std::uint64_t token, Result<std::string> reply);
  // Everything that waits, in the order of its arrival; the descriptor is quiet afterwards.
  std::vector<Completion> drain();

 private:
  const int descriptor_;
  std::mutex mutex_;
  std::vector<Completion> waiting_;
};

}  // namespace till::python
