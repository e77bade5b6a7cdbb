#include "core/service/worker.h"

#include <exception>
#include <utility>

#include "core/base/signals.h"

namespace till::service {

Worker::Worker() {
  thread_ = std::thread([this] {
    block_all_signals();
    run();
  });
}

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Worker::submit(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (closing_ || waiting_.size() >= kMaxWaitingTasks) return false;
  waiting_.push_back(std::move(task));
  changed_.notify_all();
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
      waiting_.erase(waiting_.begin());
    }
    try {
      task();
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): its request is answered with 500
    }
  }
}

}  // namespace till::service
