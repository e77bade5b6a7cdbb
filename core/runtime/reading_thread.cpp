#include "core/runtime/reading_thread.h"

#include <system_error>
#include <utility>

#include "core/base/signals.h"

namespace till {

ReadingThread::~ReadingThread() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ReadingThread::run(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (start()) {
      waiting_.push_back(std::move(task));
      changed_.notify_all();
      return;
    }
  }
  task();
}

bool ReadingThread::start() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void ReadingThread::loop() {
  block_all_signals();
  for (;;) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (closing_) return;
    const std::function<void()> task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
  }
}

}  // namespace till
