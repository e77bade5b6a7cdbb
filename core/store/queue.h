// StoreQueue: lets many threads share one store, and many waiting changes share one commit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/store/store.h"

namespace till {

// How long changes, and reads, go on trying when the store is away: a restart takes less.
inline constexpr std::chrono::milliseconds kStorePatience{15'000};
inline constexpr std::chrono::milliseconds kReadPatience{5'000};

// Safe to call from any thread. One thread, started at the first change, runs all that is waiting in one transaction.
//
// A connection that breaks is survived: what was not committed is run again on a new one, and when it broke during the
// commit, the database is asked what became of it. A task may therefore run more than once, and starts from nothing
// each time: what it leaves in the caller's variables is what its last run left there. So does a task to which another
// worker's transaction was in the way. After its patience without a store, errors are "store_unreachable", and what
// could not be asked about is "store_commit_unknown": that alone may have changed something.
//
// fork() waits for the change under way, and finds the store's file closed: parent and child each open it again. A
// child may not use a queue that it inherited, because the queue's thread stayed behind.
class StoreQueue {
 public:
  using Task = std::function<Status(Store&)>;
  using Done = std::function<void(Status)>;

  // `reader`, a second opening of the same place, lets read() go on while a change is being committed; without it,
  // reads take turns with changes. `patience` is how long changes wait for a store that is away, and then for
  // the end of a commit to be known.
  explicit StoreQueue(std::unique_ptr<Store> store, std::unique_ptr<Store> reader = nullptr,
                      std::chrono::milliseconds patience = kStorePatience);
  // Finishes what is waiting; where the store is away, that ends with its error at once.
  ~StoreQueue();
  StoreQueue(const StoreQueue&) = delete;
  StoreQueue& operator=(const StoreQueue&) = delete;

  // Runs the task inside a transaction, perhaps several times; `done` is called once, after it is durable, or with the
  // task's or the commit's error and then the task has changed nothing. Tasks end in no promised order: one that met
  // another worker's transaction ends after those that came later. `done` runs on the queue's thread and must not
  // block.
  void submit(Task task, Done done);
  // The same, and waits. From a `done` it would wait for itself, and is an error with code "store_reentered".
  Status run(Task task);
  // `call` is called after each commit by which an event may have become ready to be taken, on the queue's thread,
  // after the changes' own `done`; it must not block. Say so before the first change.
  void on_inbox_change(std::function<void()> call) { on_inbox_change_ = std::move(call); }
  // Registers with fork(), unless that has happened. Whoever holds a lock of its own around fork() calls this before it
  // registers, so that its lock is taken before the queues are held.
  static void register_for_fork();

  // Looks something up, on the calling thread: what was committed, nothing half done. The task must change nothing, and
  // may run more than once, for as long as kReadPatience since the store was found away.
  Status read(const Task& task);

 private:
  struct Waiting {
    Task task;
    Done done;
  };
  class Patience;
  friend class OpenQueues;
  void hold_for_fork();
  void release_after_fork();
  void loop();
  Status run_all(std::span<const Waiting> batch, std::vector<Status>& results);
  Status try_batch(std::span<const Waiting> batch, std::vector<Status>& results, Patience& patience);
  Status was_committed(Status unknown);
  Status run_until_known(std::span<const Waiting> batch, std::vector<Status>& results);
  void run_batch(std::vector<Waiting>& batch);
  Status try_read(const Task& task, std::chrono::steady_clock::time_point& away_since);
  bool is_closing();

  std::unique_ptr<Store> store_;
  std::unique_ptr<Store> reader_;
  const std::chrono::milliseconds patience_;
  std::function<void()> on_inbox_change_;
  std::mutex store_mutex_;
  std::mutex reader_mutex_;
  std::optional<std::chrono::steady_clock::time_point> reader_away_since_;  // guarded as the reader is
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;
  bool closing_ = false;
  std::optional<std::chrono::steady_clock::time_point> away_since_;  // the store, as the queue's thread knows it
  std::thread thread_;
};

}  // namespace till
