// What fork() needs: handlers registered once, when the library is first used.
#include "core/runtime/fork.h"

#include <pthread.h>

#include <atomic>

#include "core/store/queue.h"

namespace till {
namespace {

std::atomic<std::uint64_t> generation{0};

std::mutex& registered_mutex() {
  static std::mutex* mutex = [] {
    static std::mutex the_mutex;
    static std::mutex* const held = &the_mutex;
    StoreQueue::register_for_fork();  // before this: a thread that holds this mutex may be opening a store
    pthread_atfork([] { held->lock(); }, [] { held->unlock(); },
                   [] {
                     generation.fetch_add(1, std::memory_order_relaxed);
                     held->unlock();
                   });
    return held;
  }();
  return *mutex;
}

}  // namespace

std::mutex& fork_mutex() { return registered_mutex(); }

std::uint64_t fork_generation() {
  (void)registered_mutex();
  return generation.load(std::memory_order_relaxed);
}

}  // namespace till
