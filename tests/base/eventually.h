// Waiting, in tests, for something that another thread is about to do.
#pragma once

#include <chrono>
#include <thread>

namespace till {

// Whether `condition` came true within 20 s. It is asked again and again, on this thread.
template <class Condition>
bool eventually(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace till
