// Bell: see bell.h.
#include "core/runtime/bell.h"

namespace till {

void Bell::listen(const std::shared_ptr<const Listener>& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(listener);
}

void Bell::ring() {
  std::vector<std::shared_ptr<const Listener>> held;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(listeners_, [](const auto& listener) { return listener.expired(); });
    for (const auto& listener : listeners_)
      if (auto one = listener.lock()) held.push_back(std::move(one));
  }
  for (const auto& listener : held) (*listener)();
}

}  // namespace till
