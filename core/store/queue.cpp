// StoreQueue: group commit. A lone change is committed at once; changes that arrive meanwhile share the next commit.
#include "core/store/queue.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <future>
#include <random>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/signals.h"

namespace till {
namespace {

// How many changes share one commit at most: bounds how long a reader waits.
constexpr std::size_t kMaxBatch = 256;
// Between two tries to reach a store, or to get past another worker's transaction.
constexpr std::chrono::milliseconds kFirstPause{10};
constexpr std::chrono::milliseconds kLongestPause{1'000};

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
  if (status.ok()) status = store.release_savepoint();
  if (status.ok() || !store.in_transaction()) return status;
  store.rollback_to_savepoint();
  (void)store.release_savepoint();
  return status;
}

Status commit_or_roll_back(Store& store) {
  Status committed = store.commit();
  if (!committed.ok() && store.in_transaction()) store.rollback();
  return committed;
}

bool is(const Status& status, std::string_view code) { return !status.ok() && status.error().code == code; }

bool may_run_again(const Status& status) { return is(status, "store_unreachable") || is(status, "store_conflict"); }

Error lost_connection() {
  return {.kind = ErrorKind::kInternal,
          .code = "store_unreachable",
          .message = "the connection to the store broke",
          .retryable = true};
}

}  // namespace

// Growing pauses, different in each worker, until patience is over.
class StoreQueue::Patience {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Patience(std::chrono::milliseconds limit, Clock::time_point start = Clock::now())
      : start_(start), end_(start + limit) {}

  Clock::time_point start() const { return start_; }
  // False, at once, when it is over.
  bool pause() {
    if (Clock::now() >= end_) return false;
    const auto share = std::uniform_real_distribution<>(0.5, 1.0)(random_);
    std::this_thread::sleep_for(pause_ * share);
    pause_ = std::min(pause_ * 2, kLongestPause);
    return true;
  }

 private:
  Clock::time_point start_;
  Clock::time_point end_;
  std::chrono::milliseconds pause_ = kFirstPause;
  std::minstd_rand random_{std::random_device()()};
};

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

StoreQueue::StoreQueue(std::unique_ptr<Store> store, std::unique_ptr<Store> reader, std::chrono::milliseconds patience)
    : store_(std::move(store)), reader_(std::move(reader)), patience_(patience) {
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

// `away_since` becomes since when the reader has found no store: now, unless it was so before.
Status StoreQueue::try_read(const Task& task, std::chrono::steady_clock::time_point& away_since) {
  const std::lock_guard lock(reader_ ? reader_mutex_ : store_mutex_);
  Store& store = reader_ ? *reader_ : *store_;
  Status status = store.resume();
  if (status.ok()) {
    status = run_task(store, task);
    if (store.lost()) status = lost_connection();
  }
  if (!is(status, "store_unreachable"))
    reader_away_since_.reset();
  else if (!reader_away_since_)
    reader_away_since_ = Patience::Clock::now();
  away_since = reader_away_since_.value_or(Patience::Clock::now());
  return status;
}

// Reads that come one after the other while the store is away do not each wait for it: the first one did.
Status StoreQueue::read(const Task& task) {
  std::optional<Patience> patience;
  while (true) {
    Patience::Clock::time_point since;
    Status status = try_read(task, since);
    if (!may_run_again(status)) return status;
    if (!patience) patience.emplace(kReadPatience, since);
    if (!patience->pause()) return status;
  }
}

bool StoreQueue::is_closing() {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void StoreQueue::loop() {
  block_all_signals();
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
    batch.clear();  // without the mutex: nobody knows what the tasks let go
    lock.lock();
  }
}

// Runs the batch in the transaction that is open, each task in a savepoint, and commits it.
Status StoreQueue::run_all(std::span<const Waiting> batch, std::vector<Status>& results) {
  for (const Waiting& waiting : batch) {
    results.push_back(run_in_savepoint(*store_, waiting.task));
    if (store_->in_transaction()) continue;
    if (store_->lost()) return lost_connection();
    // What came before is gone with the transaction, and what follows would be outside of one.
    return results.back().ok() ? Status(internal_error("the store took a transaction back")) : results.back();
  }
  return commit_or_roll_back(*store_);
}

// Tasks seldom fail, and each savepoint is a way to the server and back: the first time there are none, and when a task
// fails, all run once more with them.
Status StoreQueue::try_batch(std::span<const Waiting> batch, std::vector<Status>& results, Patience& patience) {
  const std::lock_guard lock(store_mutex_);
  results.clear();
  TILL_TRY(store_->resume());
  TILL_TRY(store_->begin());
  if (std::exchange(away_since_, std::nullopt)) patience = Patience(patience_);  // it is back
  bool well = true;
  for (std::size_t i = 0; well && i < batch.size(); ++i) {
    results.push_back(run_task(*store_, batch[i].task));
    well = results.back().ok() && store_->in_transaction();
  }
  if (store_->lost()) return lost_connection();
  if (well) {
    Status committed = commit_or_roll_back(*store_);
    if (committed.ok() || store_->lost() || batch.size() == 1) return committed;
  } else if (store_->in_transaction()) {
    store_->rollback();
  }
  if (batch.size() == 1)
    return results[0].ok() ? Status(internal_error("the store took a transaction back")) : Status();
  results.clear();
  TILL_TRY(store_->begin());
  return run_all(batch, results);
}

// The transaction's end, or `unknown` when nobody can tell it for as long as changes wait for a store. That time is the
// question's own: what was waited for before says nothing of a store that took a transaction since.
Status StoreQueue::was_committed(Status unknown) {
  Patience patience(patience_);
  while (patience.pause()) {
    const std::lock_guard lock(store_mutex_);
    if (!store_->resume().ok()) continue;
    const auto committed = store_->was_committed();
    if (committed.ok()) return *committed ? Status() : Status(lost_connection());
    if (!committed.error().retryable) break;
  }
  return unknown;
}

// The mutex is free during pauses, so that fork() does not wait for a store that is away.
Status StoreQueue::run_until_known(std::span<const Waiting> batch, std::vector<Status>& results) {
  Patience patience(patience_, away_since_.value_or(Patience::Clock::now()));
  while (true) {
    Status committed = try_batch(batch, results, patience);
    if (is(committed, "store_commit_unknown")) committed = was_committed(std::move(committed));
    // One that is alone has nobody to hold up.
    if (committed.ok() && batch.size() == 1 && is(results[0], "store_conflict")) committed = results[0];
    // Who closes the queue does not wait for a store that is away.
    const bool in_vain = is(committed, "store_unreachable") && is_closing();
    if (may_run_again(committed) && !in_vain && patience.pause()) continue;
    if (is(committed, "store_unreachable") || is(committed, "store_commit_unknown"))
      away_since_ = patience.start();
    else
      away_since_.reset();
    return committed;
  }
}

// Tasks that met another worker's transaction are run again one by one, after the others: what they wait for may in
// turn have waited for what this batch held.
void StoreQueue::run_batch(std::vector<Waiting>& batch) {
  std::vector<Status> results;
  results.reserve(batch.size());
  const std::uint64_t inbox_changes = store_->inbox_changes();
  const Status committed = run_until_known(batch, results);
  std::vector<Waiting> again;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (committed.ok() && batch.size() > 1 && is(results[i], "store_conflict"))
      again.push_back(std::move(batch[i]));
    else
      batch[i].done(committed.ok() ? results[i] : committed);
  }
  for (const Waiting& one : again) {
    Status ended = run_until_known(std::span(&one, 1), results);
    one.done(ended.ok() ? std::move(results[0]) : std::move(ended));
  }
  if (store_->inbox_changes() != inbox_changes && on_inbox_change_) on_inbox_change_();
}

}  // namespace till
