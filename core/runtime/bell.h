// Bell: tells whoever waits in this process that there may be something for them now.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace till {

// Safe to use from any thread.
class Bell {
 public:
  // Must not block, and may be called once more while it goes.
  using Listener = std::function<void()>;

  // Calls the listener at every ring, for as long as somebody holds it.
  void listen(const std::shared_ptr<const Listener>& listener);
  void ring();

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<const Listener>> listeners_;
};

}  // namespace till
