#include "core/http/waits.h"

#include <utility>

namespace till::http {
namespace {

Error closed_while_waiting() {
  return Error{ErrorKind::kTransport, "closed", "the client was closed while the caller waited"};
}

// A callback that throws is its owner's fault, and no reason to forget the others.
void tell(const Waits::Callback& callback, Status status) noexcept {
  try {
    callback(std::move(status));
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

}  // namespace

void Waits::add(std::int64_t delay_ms, Callback callback) {
  if (closed_) return tell(callback, closed_while_waiting());
  const auto when = std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms);
  const auto wait = waits_.insert(waits_.end(), Wait{{}, std::move(callback)});
  wait->timer = loop_.at(when, [this, wait] {
    const Callback due = std::move(wait->callback);
    waits_.erase(wait);
    tell(due, {});
  });
}

void Waits::close() {
  closed_ = true;
  while (!waits_.empty()) {
    const Wait first = std::move(waits_.front());
    waits_.pop_front();
    loop_.cancel(first.timer);
    tell(first.callback, closed_while_waiting());
  }
}

}  // namespace till::http
