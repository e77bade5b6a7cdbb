// StoreQueue: group commit. A lone change is committed at once; changes that arrive meanwhile share the next commit.
#include "core/store/queue.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <future>
#include <system_error>
#include <utility>

namespace till {
namespace {

// How many changes share one commit at most: bounds how long a reader waits.
constexpr std::size_t kMaxBatch = 256;

// The queue whose thread this is.
thread_local const StoreQueue* running_here = nullptr;

Status run_task(Store& store, const StoreQueue::Task& task) {
  try {
    return task(store);
  } catch (const std::exception& failed) {
    return internal_error(std::string("a change of the store failed: ") + failed.what());
  }
}

Status run_in_savepoint(Store& store, const StoreQueue::Task& task) {
  TILL_TRY(store.savepoint());
  Status status = run_task(store, task);
  if (!store.in_transaction()) return status;
  if (!status.ok()) store.rollback_to_savepoint();
  Status released = store.release_savepoint();
  return status.ok() ? released : status;
}

}  // namespace

// The process's queues, all held still around fork().
class OpenQueues {
 public:
  static OpenQueues& instance() {
    static OpenQueues* queues = [] {
      auto* made = new OpenQueues;  // never destroyed: fork() may come at any time
      pthread_atfork([] { instance().hold(); }, [] { instance().release(); }, [] { instance().release(); });
      return made;
    }();
    return *queues;
  }

  void add(StoreQueue* queue) {
    const std::lock_guard lock(mutex_);
    queues_.push_back(queue);
  }
  void remove(StoreQueue* queue) {
    const std::lock_guard lock(mutex_);
    std::erase(queues_, queue);
  }

 private:
  void hold() {
    mutex_.lock();
    for (StoreQueue* queue : queues_) queue->hold_for_fork();
  }
  void release() {
    for (StoreQueue* queue : queues_) queue->release_after_fork();
    mutex_.unlock();
  }

  std::mutex mutex_;
  std::vector<StoreQueue*> queues_;
};

StoreQueue::StoreQueue(std::unique_ptr<Store> store, std::unique_ptr<Store> reader)
    : store_(std::move(store)), reader_(std::move(reader)) {
  OpenQueues::instance().add(this);
}

void StoreQueue::register_for_fork() { (void)OpenQueues::instance(); }

void StoreQueue::hold_for_fork() {
  store_mutex_.lock();
  reader_mutex_.lock();
  store_->suspend();
  if (reader_) reader_->suspend();
}

void StoreQueue::release_after_fork() {
  reader_mutex_.unlock();
  store_mutex_.unlock();
}

StoreQueue::~StoreQueue() {
  OpenQueues::instance().remove(this);
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void StoreQueue::submit(Task task, Done done) {
  try {
    const std::lock_guard lock(mutex_);
    // The thread first: a change that waits for a thread that cannot be had would wait for ever.
    if (!thread_.joinable()) thread_ = std::thread([this] { loop(); });
    waiting_.push_back({std::move(task), done});
  } catch (const std::exception& failed) {
    done(internal_error(std::string("the store cannot take a change: ") + failed.what()));
    return;
  }
  changed_.notify_one();
}

Status StoreQueue::run(Task task) {
  if (running_here == this)
    return Error{.kind = ErrorKind::kInternal,
                 .code = "store_reentered",
                 .message = "a callback may not wait for the store that called it back"};
  std::promise<Status> promise;
  auto future = promise.get_future();
  submit(std::move(task), [&promise](Status status) { promise.set_value(std::move(status)); });
  return future.get();
}

Status StoreQueue::read(const Task& task) {
  const std::lock_guard lock(reader_ ? reader_mutex_ : store_mutex_);
  Store& store = reader_ ? *reader_ : *store_;
  TILL_TRY(store.resume());
  return run_task(store, task);
}

void StoreQueue::loop() {
  running_here = this;
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

// Runs the batch in the transaction that is open, and commits it.
Status StoreQueue::run_all(const std::vector<Waiting>& batch, std::vector<Status>& results) {
  for (const Waiting& waiting : batch) {
    results.push_back(run_in_savepoint(*store_, waiting.task));
    if (store_->in_transaction()) continue;
    // What came before is gone with the transaction, and what follows would be outside of one.
    return results.back().ok() ? Status(internal_error("the store took a transaction back")) : results.back();
  }
  Status committed = store_->commit();
  if (!committed.ok()) store_->rollback();
  return committed;
}

void StoreQueue::run_batch(std::vector<Waiting>& batch) {
  std::vector<Status> results;
  results.reserve(batch.size());
  Status committed;
  {
    const std::lock_guard lock(store_mutex_);
    committed = store_->resume();
    if (committed.ok()) committed = store_->begin();
    if (committed.ok()) committed = run_all(batch, results);
  }
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(committed.ok() ? std::move(results[i]) : committed);
}

}  // namespace till
