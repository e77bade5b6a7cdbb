// StoreQueue: group commit. A lone change is committed at once; changes that arrive meanwhile share the next commit.
#include "core/store/queue.h"

#include <future>
#include <utility>

namespace till {
namespace {

// How many changes share one commit at most: bounds how long a reader waits.
constexpr std::size_t kMaxBatch = 256;

Status run_in_savepoint(Store& store, const StoreQueue::Task& task) {
  TILL_TRY(store.savepoint());
  Status status = task(store);
  if (!status.ok()) store.rollback_to_savepoint();
  Status released = store.release_savepoint();
  return status.ok() ? released : status;
}

}  // namespace

StoreQueue::StoreQueue(std::unique_ptr<Store> store, std::unique_ptr<Store> reader)
    : store_(std::move(store)), reader_(std::move(reader)) {}

StoreQueue::~StoreQueue() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StoreQueue::submit(Task task, Done done) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back({std::move(task), std::move(done)});
  if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
  changed_.notify_one();
}

Status StoreQueue::run(Task task) {
  std::promise<Status> promise;
  auto future = promise.get_future();
  submit(std::move(task), [&promise](Status status) { promise.set_value(std::move(status)); });
  return future.get();
}

Status StoreQueue::read(const Task& task) {
  const std::lock_guard lock(reader_ ? reader_mutex_ : store_mutex_);
  return task(reader_ ? *reader_ : *store_);
}

void StoreQueue::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::vector<Waiting> batch;
    if (waiting_.size() <= kMaxBatch) {
      batch.swap(waiting_);
    } else {
      const auto end = waiting_.begin() + kMaxBatch;
      batch.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
    }
    lock.unlock();
    run_batch(batch);
    lock.lock();
  }
}

void StoreQueue::run_batch(std::vector<Waiting>& batch) {
  std::vector<Status> results;
  results.reserve(batch.size());
  Status committed;
  {
    const std::lock_guard lock(store_mutex_);
    committed = store_->begin();
    if (committed.ok()) {
      for (const Waiting& waiting : batch) results.push_back(run_in_savepoint(*store_, waiting.task));
      committed = store_->commit();
      if (!committed.ok()) store_->rollback();
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(committed.ok() ? std::move(results[i]) : committed);
}

}  // namespace till
