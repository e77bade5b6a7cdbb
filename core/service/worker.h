// Worker: a thread for what waits for a disk or a database, so that the server's own never does.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace till::service {

// Tasks that wait; more are refused, because whoever asks for them will not wait for so many.
inline constexpr std::size_t kMaxWaitingTasks = 64;

// Safe to call from any thread.
class Worker {
 public:
  Worker();
  // Ends the task under way; the others are dropped.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Runs the task later, in turn. False, and the task goes, when too many wait or the worker is ending.
  bool submit(std::function<void()> task);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::function<void()>> waiting_;  // guarded by mutex_
  bool closing_ = false;                        // guarded by mutex_
  std::thread thread_;
};

}  // namespace till::service
