// InboxFeed: events as they come, a gateway's or all, each taken for whoever asks next. What this process commits is
// given at once, what others commit when the feed looks again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/runtime/bell.h"

namespace till {

class Engine;
class Gateway;
class Runtime;

// How often a feed looks for what other processes committed, and for what is due again.
inline constexpr std::int64_t kDefaultInboxPollMs = 1'000;
inline constexpr std::int64_t kMinInboxPollMs = 10;
inline constexpr std::int64_t kMaxInboxPollMs = 3'600'000;

// Safe to use from any thread. Takes nothing that nobody waits for, so that no lease runs while an event lies about.
// Whoever gets an event ends it with events.done, events.fail or events.release. Works only as long as somebody holds
// it.
class InboxFeed : public std::enable_shared_from_this<InboxFeed> {
 public:
  // docs/schemas/event.json, taken; "null" when there is none.
  using Callback = std::function<void(Result<std::string>)>;

  // `options_json`: {"lease_ms": 60000, "poll_ms": 1000}. kInvalidRequest with the place.
  static Result<std::shared_ptr<InboxFeed>> open(const std::shared_ptr<Gateway>& gateway,
                                                 std::string_view options_json);
  // The events of all gateways that the store holds, open here or not.
  static Result<std::shared_ptr<InboxFeed>> open(std::shared_ptr<Runtime> runtime, std::string_view options_json);
  ~InboxFeed();
  InboxFeed(const InboxFeed&) = delete;
  InboxFeed& operator=(const InboxFeed&) = delete;

  // The next event. "null" after `timeout_ms` without one, and for ever once the feed is closed. Errors are the
  // store's; what may pass is tried again and not told. After an error the next call asks again.
  Result<std::string> next(std::int64_t timeout_ms);
  // The same without blocking and without an end to the time; calls back once, perhaps before it returns. As many may
  // wait as like.
  void next(Callback callback);
  // Whoever waits gets "null". What was on its way to nobody is given back.
  void close();
  // The same, and calls `then` once that has been given back, from here or from a thread of the runtime; `then` must
  // not throw.
  void close_then(std::function<void()> then);

 private:
  struct Private {};
  // Whose events.
  struct Source {
    std::shared_ptr<Runtime> runtime;
    std::shared_ptr<Gateway> gateway;  // null: all
    void start(std::string_view operation, std::string_view input_json, Callback callback) const;
    void give_back(const json::Value& event, std::shared_ptr<void> until) const;
  };
  // A take, until all that it brought has been delivered or given back.
  struct Take {
    std::vector<std::shared_ptr<void>> then{};  // let go at its end; guarded by mutex_ while it is under way
  };

 public:
  InboxFeed(Private, Source source, std::int64_t lease_ms, std::int64_t poll_ms);

 private:
  static Result<std::shared_ptr<InboxFeed>> open_for(Source source, std::string_view options_json);
  struct Waiter {
    std::uint64_t number;
    Callback callback;
  };

  bool inherited() const;
  std::shared_ptr<Engine> engine() const;
  std::uint64_t ask(Callback callback);
  bool withdraw(std::uint64_t number);
  void pump();
  void took(const Result<std::string>& taken, const std::shared_ptr<Take>& take);
  void deliver(const json::Array& events, const std::shared_ptr<Take>& take);
  void tell_all(const Result<std::string>& what);
  void poll_later();

  const std::uint64_t fork_generation_;
  const Source source_;
  const std::int64_t lease_ms_, poll_ms_;
  std::shared_ptr<const Bell::Listener> on_ring_;

  std::mutex mutex_;  // and below: guarded by it
  std::deque<Waiter> waiting_;
  std::uint64_t last_number_ = 0;
  bool over_ = false;
  std::shared_ptr<Take> under_way_;
  bool again_ = false;            // there may be more than the take under way finds
  std::uint64_t poll_round_ = 0;  // of the look that is planned; earlier plans are void
};

}  // namespace till
