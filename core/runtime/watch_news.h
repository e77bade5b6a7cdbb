// WatchNews: what a watch has to tell, between the thread that learns it and the one that asks.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace till {

// Holds one payment at most: a newer one replaces what nobody asked for yet. Safe to use from any thread.
class WatchNews {
 public:
  // docs/schemas/watch.json, or why the watch failed.
  using Callback = std::function<void(Result<std::string>)>;

  // The payment as JSON text is another one now. `last`: nothing follows.
  void put(std::string payment, bool last);
  // Nothing follows; `why` when that is an error. Later calls change nothing.
  void end(std::optional<Error> why);

  // The news, waiting for it. After `timeout_ms` {"payment": null, "done": false}.
  Result<std::string> wait(std::int64_t timeout_ms);
  // The same without waiting: calls back once, now or from whoever brings the news. One caller at a time: kConflict for
  // a second one.
  void ask(Callback callback);

 private:
  std::optional<Result<std::string>> take();
  void tell(std::unique_lock<std::mutex> lock);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> payment_;
  std::optional<Error> error_;
  bool over_ = false;
  Callback waiting_;
};

}  // namespace till
