#include "core/base/worker.h"

#include <exception>
#include <system_error>
#include <utility>

#include "core/base/signals.h"

namespace till {

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool Worker::submit(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (closing_ || waiting_.size() >= max_waiting_ || !start()) return false;
  waiting_.push_back(std::move(task));
  changed_.notify_all();
  return true;
}

bool Worker::start() {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this] {
      block_all_signals();
      run();
    });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

void Worker::run() {
  while (true) {
    std::function<void()> task;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      task();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): as submit() says
    }
  }
}

}  // namespace till
