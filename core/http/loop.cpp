#include "core/http/loop.h"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace till::http {
namespace {

thread_local const Loop* running_loop = nullptr;

// What is thrown here has no one above to catch it but std::terminate, which would end the host's process.
template <class Work>
void contain(const Work& work) {
  try {
    work();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the fault is the task's; all others go on
  }
}

}  // namespace

struct Loop::Asio {
  boost::asio::io_context io{1};
  boost::asio::steady_timer timer{io};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
};

Loop::Loop() : asio_(std::make_unique<Asio>()) {}
Loop::~Loop() = default;

boost::asio::io_context& Loop::io() { return asio_->io; }
bool Loop::here() const { return running_loop == this; }

void Loop::post(Task task) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  letters_.push_back(std::move(task));
  if (letters_.size() == 1) boost::asio::post(asio_->io, [this] { drain(); });
}

void Loop::drain() {
  std::vector<Task> letters;
  {
    const std::lock_guard lock(mutex_);
    letters.swap(letters_);
  }
  for (const auto& task : letters) contain(task);
}

void Loop::handle() {
  asio_->io.restart();
  while (!asio_->io.stopped()) contain([this] { asio_->io.run(); });
}

void Loop::run() {
  const Loop* const outer = std::exchange(running_loop, this);
  handle();
  while (true) {
    std::vector<Task> letters;
    {
      const std::lock_guard lock(mutex_);
      letters.swap(letters_);
      ended_ = letters.empty();
    }
    if (letters.empty()) break;
    for (const auto& task : letters) contain(task);
    handle();
  }
  timers_.clear();
  running_loop = outer;
}

void Loop::close() {
  closing_ = true;
  asio_->work.reset();
  asio_->timer.cancel();
}

Loop::TimerId Loop::at(TimePoint when, Task task) {
  const auto id = timers_.emplace(when, std::move(task));
  if (when < armed_for_ && !closing_) arm();
  return id;
}

void Loop::cancel(TimerId timer) { timers_.erase(timer); }

void Loop::arm() {
  armed_for_ = timers_.begin()->first;
  asio_->timer.expires_at(armed_for_);
  asio_->timer.async_wait([this](const boost::system::error_code& aborted) {
    if (!aborted) ring();
  });
}

void Loop::ring() {
  if (closing_) return;
  armed_for_ = TimePoint::max();
  const auto now = std::chrono::steady_clock::now();
  while (!closing_ && !timers_.empty() && timers_.begin()->first <= now) {
    const Task task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    contain(task);
  }
  if (!closing_ && !timers_.empty() && timers_.begin()->first < armed_for_) arm();
}

}  // namespace till::http
