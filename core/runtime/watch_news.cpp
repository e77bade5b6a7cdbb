// The letter box of a watch: see watch_news.h.
#include "core/runtime/watch_news.h"

#include <chrono>
#include <utility>

namespace till {
namespace {

std::string news(const std::string& payment, bool done) {
  return R"({"payment":)" + payment + R"(,"done":)" + (done ? "true" : "false") + "}";
}

}  // namespace

void WatchNews::put(std::string payment, bool last) {
  std::unique_lock lock(mutex_);
  if (over_) return;
  payment_ = std::move(payment);
  over_ = last;
  tell(std::move(lock));
}

void WatchNews::end(std::optional<Error> why) {
  std::unique_lock lock(mutex_);
  if (over_) return;
  over_ = true;
  error_ = std::move(why);
  tell(std::move(lock));
}

// What can be told now. The error comes behind the last payment, and stays.
std::optional<Result<std::string>> WatchNews::take() {
  if (payment_) return news(*std::exchange(payment_, std::nullopt), over_ && !error_);
  if (error_) return Result<std::string>(*error_);
  if (over_) return news("null", true);
  return std::nullopt;
}

void WatchNews::tell(std::unique_lock<std::mutex> lock) {
  changed_.notify_all();
  if (!waiting_) return;
  auto told = take();
  if (!told) return;
  const Callback callback = std::exchange(waiting_, nullptr);
  lock.unlock();
  callback(*std::move(told));
}

Result<std::string> WatchNews::wait(std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return payment_ || over_; });
  auto told = take();
  return told ? *std::move(told) : Result<std::string>(news("null", false));
}

void WatchNews::ask(Callback callback) {
  std::unique_lock lock(mutex_);
  if (waiting_) {
    lock.unlock();
    return callback(Error{.kind = ErrorKind::kConflict,
                          .code = "already_waiting",
                          .message = "somebody waits for this watch already; open another one"});
  }
  auto told = take();
  if (!told) {
    waiting_ = std::move(callback);
    return;
  }
  lock.unlock();
  callback(*std::move(told));
}

}  // namespace till
