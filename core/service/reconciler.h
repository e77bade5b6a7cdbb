// Reconciler: asks the providers, again and again, about what the store does not know the end of.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/base/result.h"

namespace till {
class Gateway;
}

namespace till::service {

struct Surroundings;

// One gateway after the other, on a thread of its own. Several processes on one store share the work.
class Reconciler {
 public:
  // `around` must outlive it.
  Reconciler(Surroundings& around, std::int64_t interval_ms);
  // Does not wait for a pass under way; what that has begun ends by itself.
  ~Reconciler();
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

 private:
  // Outlives the reconciler when a pass does.
  struct Pass {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;  // guarded by mutex
    bool done = false;      // guarded by mutex
  };
  void run(std::int64_t interval_ms);
  void reconcile(const std::string& name, Gateway& gateway);

  Surroundings& around_;
  const std::shared_ptr<Pass> pass_ = std::make_shared<Pass>();
  std::thread thread_;
};

}  // namespace till::service
