// ReadingThread: where calls begin that look something up first, so that whoever starts one need not wait for the
// store.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace till {

// Safe to call from any thread. One thread, started at the first task, is enough: reads take turns with each other
// anyway (StoreQueue).
class ReadingThread {
 public:
  ReadingThread() = default;
  // Ends the task under way; the others are dropped.
  ~ReadingThread();
  ReadingThread(const ReadingThread&) = delete;
  ReadingThread& operator=(const ReadingThread&) = delete;

  // Runs the task later, in turn; it must not throw. Where the system has no thread, within this call.
  void run(std::function<void()> task);

 private:
  bool start();
  void loop();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_, as the rest
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace till
