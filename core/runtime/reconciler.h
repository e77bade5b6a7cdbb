// Reconciler: reconciles a gateway again and again, on the runtime's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/runtime/gateway.h"

namespace till {

inline constexpr std::int64_t kDefaultReconcileEveryMs = 60'000;
inline constexpr std::int64_t kMinReconcileEveryMs = 100;
inline constexpr std::int64_t kMaxReconcileEveryMs = 24LL * 3'600'000;

// Safe to use from any thread. Works only as long as somebody holds it. In a forked child an inherited one does
// nothing: the parent's goes on there, and the child opens one of its own. Any number of processes may have one each.
class Reconciler : public std::enable_shared_from_this<Reconciler> {
 public:
  // Told of each pass as last() would tell it, before the next one begins; on a thread of the runtime's, which it must
  // not keep waiting.
  using PassEnded = std::function<void(const Result<std::string>&)>;

  // `options_json`: {"every_ms": from the end of one pass to the next, 60,000; "limit": as reconcile takes it}. The
  // first pass begins at once; one that found more than its limit is followed by the next at once. kInvalidRequest with
  // the place.
  static Result<std::shared_ptr<Reconciler>> open(std::shared_ptr<Gateway> gateway, std::string_view options_json,
                                                  PassEnded pass_ended = {});
  ~Reconciler();
  Reconciler(const Reconciler&) = delete;
  Reconciler& operator=(const Reconciler&) = delete;

  // What the last pass said (docs/schemas/reconcile.json), or why it could not; "null" before the first has ended.
  Result<std::string> last() const;
  // No pass begins any more. One under way goes on to its end.
  void close();

 private:
  struct Private {};

 public:
  Reconciler(Private, std::shared_ptr<Gateway> gateway, std::string pass_input, std::int64_t every_ms,
             std::int64_t limit, PassEnded pass_ended);

 private:
  void run();
  void ended(Result<std::string> report);
  std::int64_t pause_ms(const Result<std::string>& report) const;

  const std::uint64_t fork_generation_;
  const std::shared_ptr<Gateway> gateway_;
  const std::string pass_input_;
  const std::int64_t every_ms_, limit_;
  const PassEnded pass_ended_;
  mutable std::mutex mutex_;  // and below: guarded by it
  bool over_ = false;
  Result<std::string> last_ = std::string("null");
};

}  // namespace till
