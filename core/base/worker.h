// Worker: a thread for what waits for a disk or a database, so that those who must not wait never do.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <mutex>
#include <thread>

namespace till {

// Safe to call from any thread. Its thread starts with the first task.
class Worker {
 public:
  // Of tasks that wait, those beyond `max_waiting` are refused: whoever asks for them will not wait for so many.
  explicit Worker(std::size_t max_waiting = std::numeric_limits<std::size_t>::max()) : max_waiting_(max_waiting) {}
  // Ends the task under way; the others are dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the task later, in turn; what it throws is lost. False, and the task goes, when too many wait, when the worker
  // is ending, and when the system has no thread.
  bool submit(std::function<void()> task);

 private:
  bool start();
  void run();

  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_, as the rest
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace till
