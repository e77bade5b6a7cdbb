// Watch: follows one payment until it is final. Where the provider has a stream of events it listens to that, and where
// it has none it asks with growing pauses. An event is only a reason to ask: the truth comes from payments.get.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/client.h"
#include "core/http/event_stream.h"
#include "core/json/value.h"
#include "core/runtime/watch_news.h"
#include "core/runtime/watch_pace.h"
#include "core/runtime/watch_target.h"

namespace till {

class Engine;
class Gateway;
class Operation;

inline constexpr std::int64_t kDefaultWatchMs = 3'600'000;
inline constexpr std::int64_t kMaxWatchMs = 24 * kDefaultWatchMs;

// Safe to use from any thread. Works on the threads of the gateway's Runtime, and only as long as somebody holds it.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  // `input_json`: {"id" or "provider_id", "options" of payments.get, "timeout_ms": how long to follow it, 1 h}. Asks
  // for the payment at once. kUnsupported without payments.get, kInvalidRequest with the place.
  static Result<std::shared_ptr<Watch>> open(std::shared_ptr<Gateway> gateway, std::string_view input_json,
                                             WatchLimits limits = {});
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // docs/schemas/watch.json: the payment when it is another one than was told before, the first time at once; null
  // after `timeout_ms` without news. `done` is true with the final payment, and for ever after; and when the watch's
  // own time is over. An error ends the watch; what may pass (no connection, a rate limit) is no error here but tried
  // again.
  Result<std::string> next(std::int64_t timeout_ms);
  // The same without blocking; calls back once.
  void next(WatchNews::Callback callback);
  // Ends it: whoever waits is told that it is done.
  void close();

 private:
  struct Private {};

 public:
  Watch(Private, std::shared_ptr<Gateway> gateway, const json::Value& input, std::int64_t timeout_ms,
        WatchLimits limits);

 private:
  using Step = void (Watch::*)();
  struct Listener;

  void begin();
  bool inherited() const;
  std::shared_ptr<Engine> engine() const;
  void after(std::int64_t delay_ms, Step step);
  void finish(std::optional<Error> why);
  void expire() { finish(std::nullopt); }

  // Asking.
  void fetch_in(std::int64_t delay_ms);
  void fetch();
  void fetched(Result<std::string> result);
  void failed(const Error& error);
  bool tell(json::Value payment);

  // Listening.
  void connect();
  void ask_where_to_listen();
  void addressed(Operation& operation);
  void listen(WatchTarget target);
  bool heard(Listener& listener, const http::Response& head, std::string_view bytes);
  void hint();
  void disconnected(const Listener& listener, const Result<http::Response>& end);
  void cannot_connect(const Error& error);
  void reconnect(std::optional<std::int64_t> retry_ms);

  const std::uint64_t fork_generation_;
  const std::shared_ptr<Gateway> gateway_;
  const std::string get_input_;      // of payments.get
  const std::string connect_input_;  // of payments.watch
  const std::int64_t timeout_ms_;
  WatchNews news_;

  std::mutex mutex_;  // and below: guarded by it
  WatchPace pace_;
  bool over_ = false;
  bool fetching_ = false;
  bool fetch_again_ = false;
  std::uint64_t fetch_round_ = 0;  // of the question that is planned; earlier plans are void
  std::chrono::steady_clock::time_point last_fetch_{};
  std::chrono::steady_clock::time_point not_before_{};  // the provider's Retry-After
  json::Value last_told_;
  http::Client::StreamId stream_ = 0;
  bool connected_ = false;
  std::string last_event_id_;
};

}  // namespace till
