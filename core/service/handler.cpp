#include "core/service/handler.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

#include "core/base/encoding.h"
#include "core/crypto/hmac.h"
#include "core/json/json.h"
#include "core/json/written.h"
#include "core/runtime/inbox.h"
#include "core/runtime/inbox_feed.h"
#include "core/service/surroundings.h"

namespace till::service {
namespace {

constexpr std::int64_t kLeaseBeyondTimeoutMs = 30'000;  // to write down how it ended
// Members of the inbox's own book-keeping, which are not the shop's business.
constexpr std::array<const char*, 4> kPrivate = {"state", "due_at", "lease", "last_error"};

// An event that was taken: by which it is ended.
struct Taken {
  std::string id, lease;
};

std::string feed_options(const HandlerSetup& setup) {
  return json::write(json::Object{{"lease_ms", json::Value::integer(setup.timeout_ms + kLeaseBeyondTimeoutMs)},
                                  {"poll_ms", json::Value::integer(setup.poll_interval_ms)}});
}

}  // namespace

// Shared by the callbacks, which may come after the handler has gone.
class Handler::State : public std::enable_shared_from_this<State> {
 public:
  State(std::shared_ptr<Surroundings> around, std::shared_ptr<InboxFeed> feed, const HandlerSetup& setup, HmacKey key)
      : around_(std::move(around)),
        feed_(std::move(feed)),
        url_(setup.url),
        timeout_ms_(setup.timeout_ms),
        max_in_flight_(setup.max_in_flight),
        poll_interval_ms_(setup.poll_interval_ms),
        key_(std::move(key)) {}

  void open(http::Client* client) {
    {
      const std::lock_guard lock(client_mutex_);
      client_ = client;
    }
    for (std::int64_t i = 0; i < max_in_flight_; ++i) ask();
  }

  // The client is not used any more when this returns.
  void close() {
    feed_->close();
    const std::lock_guard lock(client_mutex_);
    client_ = nullptr;
  }

  bool finish(std::int64_t timeout_ms) {
    enter();
    feed_->close_then([self = shared_from_this()] { self->leave(); });
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return busy_ == 0; });
  }

 private:
  void enter() {
    const std::lock_guard lock(mutex_);
    ++busy_;
  }

  void leave() {
    const std::lock_guard lock(mutex_);
    --busy_;
    changed_.notify_all();
  }

  // The shop can be given one more event. As many as may be with it at the same time ask, each again when its event
  // has ended, until the feed is closed.
  void ask() {
    feed_->next([self = shared_from_this()](const Result<std::string>& given) { self->given(given); });
  }

  void ask_later() {
    const std::lock_guard lock(client_mutex_);
    if (client_ == nullptr) return;
    client_->wait(poll_interval_ms_, [self = shared_from_this()](const Status& waited) {
      if (waited.ok()) self->ask();
    });
  }

  void given(const Result<std::string>& given) {
    if (!given.ok()) {
      around_->log->warn("inbox", {{"reason", given.error().code}});
      return ask_later();
    }
    auto event = json::parse_written(*given);
    if (!event.ok()) {  // its lease brings it again
      around_->log->warn("inbox", {{"reason", event.error().code}});
      return ask_later();
    }
    if (!event->object()) return;  // null: the feed is closed
    enter();
    send(std::move(*event->object()));
  }

  void send(json::Object event) {
    const Taken taken{*event.find("id")->string(), *event.find("lease")->string()};
    for (const char* key : kPrivate) event.erase(key);
    http::Request request;
    request.method = "POST";
    request.url = url_;
    request.body = json::write(std::move(event));
    sign(request, taken.id);
    // Held during the call, so that the client does not go meanwhile; it may call back within it.
    const std::lock_guard lock(client_mutex_);
    if (client_ == nullptr) return settle("events.release", {{"id", taken.id}, {"lease", taken.lease}});
    client_->send(std::move(request), {timeout_ms_, false, 1},
                  [self = shared_from_this(), taken](const Result<http::Response>& response) {
                    self->answered(taken, response);
                  });
  }

  // The Standard Webhooks specification, "Signature scheme": id, time in seconds and body, with "." between.
  void sign(http::Request& request, const std::string& id) const {
    const std::string time = std::to_string(around_->clock->now_ms() / 1000);
    const Mac mac = key_.sign_parts(std::array<std::string_view, 5>{id, ".", time, ".", request.body});
    request.headers.add("Content-Type", "application/json");
    request.headers.add("webhook-id", id);
    request.headers.add("webhook-timestamp", time);
    request.headers.add("webhook-signature", "v1," + base64_encode(mac.bytes()));
  }

  void answered(const Taken& taken, const Result<http::Response>& response) {
    const bool done = response.ok() && response->status / 100 == 2;
    around_->metrics.count_event(done ? "done" : "failed");
    json::Object input{{"id", taken.id}, {"lease", taken.lease}};
    if (done) return settle("events.done", input);
    const std::string why = response.ok() ? "HTTP " + std::to_string(response->status) : response.error().message;
    input.set("message", "the handler failed: " + why);
    if (response.ok()) {
      const auto pause = http::read_hints(response->headers, around_->clock->now_ms()).retry_after_ms;
      if (pause) input.set("retry_after_ms", json::Value::integer(std::min(*pause, kMaxRetryAfterMs)));
    }
    around_->log->warn("handler", {{"event_id", taken.id}, {"reason", why}});
    settle("events.fail", input);
  }

  void settle(std::string_view operation, const json::Object& input) {
    around_->runtime->start_store(operation, json::write(input),
                                  [self = shared_from_this()](const Result<std::string>& reply) {
                                    if (!reply.ok())
                                      self->around_->log->warn("inbox", {{"reason", reply.error().code}});
                                    self->leave();
                                    self->ask();
                                  });
  }

  const std::shared_ptr<Surroundings> around_;
  const std::shared_ptr<InboxFeed> feed_;
  const std::string url_;
  const std::int64_t timeout_ms_, max_in_flight_, poll_interval_ms_;
  const HmacKey key_;
  std::recursive_mutex client_mutex_;
  http::Client* client_ = nullptr;  // guarded by client_mutex_
  std::mutex mutex_;                // guards the rest
  std::condition_variable changed_;
  std::int64_t busy_ = 0;  // events that are with the shop or are being ended, and the feed while it is closing
};

Result<std::unique_ptr<Handler>> Handler::open(std::shared_ptr<Surroundings> around, const HandlerSetup& setup) {
  TILL_ASSIGN(HmacKey key, HmacKey::create(HmacHash::kSha256, setup.key));
  TILL_ASSIGN(auto feed, InboxFeed::open(around->runtime, feed_options(setup)));
  const http::ClientOptions options = around->runtime->options().http;
  std::unique_ptr<Handler> made(
      new Handler(std::make_shared<State>(std::move(around), std::move(feed), setup, std::move(key))));
  made->client_ = std::make_unique<http::Client>(options);
  made->state_->open(made->client_.get());
  return made;
}

Handler::~Handler() {
  state_->close();
  client_.reset();
}

bool Handler::finish(std::int64_t timeout_ms) { return state_->finish(timeout_ms); }

}  // namespace till::service
