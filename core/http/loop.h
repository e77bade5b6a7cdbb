// Loop: the client's one thread seen from inside: a letter box for other threads, and timers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace till::http {

using TimePoint = std::chrono::steady_clock::time_point;
using Task = std::function<void()>;

// One system timer stands behind all timers, and it is set only when an earlier one comes: a deadline that is met, as
// nearly all are, costs a map entry and no system call.
class Loop {
 public:
  using TimerId = std::multimap<TimePoint, Task>::iterator;

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Any thread. After the loop ended the task is dropped. What a task or a timer throws is dropped too.
  void post(Task task);
  // Runs until close() was called and nothing is under way, then what is still in the letter box.
  void run();
  // True on the thread that is in run().
  bool here() const;

  // The rest: on the loop's thread only.
  // No timer rings any more; run() ends when the last socket is closed.
  void close();
  // The id is valid until the task begins or cancel() is called.
  TimerId at(TimePoint when, Task task);
  void cancel(TimerId timer);
  boost::asio::io_context& io();

 private:
  struct Asio;
  void drain();
  void handle();
  void arm();
  void ring();

  std::mutex mutex_;
  std::vector<Task> letters_;  // guarded by mutex_
  bool ended_ = false;         // guarded by mutex_
  std::multimap<TimePoint, Task> timers_;
  TimePoint armed_for_ = TimePoint::max();
  bool closing_ = false;
  std::unique_ptr<Asio> asio_;
};

}  // namespace till::http
