// Watch: asking and listening, each step on the runtime's threads. Nothing is called with the mutex held.
#include "core/runtime/watch.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/json/json.h"
#include "core/json/written.h"
#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"

namespace till {
namespace {

constexpr std::size_t kMaxEventIdLength = 255;
constexpr int kNoContent = 204;  // "stop reconnecting" (WHATWG HTML, section 9.2.3)

// What is likely to be gone the next time.
bool may_pass(const Error& error) {
  return error.retryable || error.kind == ErrorKind::kTransport || error.kind == ErrorKind::kRateLimited;
}

bool is_final(const json::Value& payment) {
  const auto status = payment.find_string("status");
  return status == "paid" || status == "expired" || status == "cancelled" || status == "failed";
}

// A payment without what changes by being asked about.
json::Value essence(json::Value payment) {
  payment.object()->erase("raw");
  payment.object()->erase("updated_at");
  return payment;
}

// Which payment it is, and nothing else.
json::Value without_options(const json::Value& input) {
  json::Object ids;
  for (const char* key : {"id", "provider_id"})
    if (const json::Value* id = input.find(key)) ids.set(key, *id);
  return ids;
}

Result<std::int64_t> take_timeout(json::Object& input) {
  const json::Value* given = input.find("timeout_ms");
  if (!given || given->is_null()) return input.erase("timeout_ms"), kDefaultWatchMs;
  const auto timeout_ms = given->as_integer();
  if (!timeout_ms || *timeout_ms < 1 || *timeout_ms > kMaxWatchMs)
    return invalid_request("$.timeout_ms", "expected an integer from 1 to " + std::to_string(kMaxWatchMs));
  input.erase("timeout_ms");
  return *timeout_ms;
}

}  // namespace

// One connection: what it is for and how far it was read. On the client's thread only.
struct Watch::Listener {
  explicit Listener(WatchTarget target_) : target(std::move(target_)) {}
  WatchTarget target;
  http::EventStreamReader reader;
};

Result<std::shared_ptr<Watch>> Watch::open(std::shared_ptr<Gateway> gateway, std::string_view input_json,
                                           WatchLimits limits) {
  TILL_ASSIGN(json::Value input, json::parse(input_json.empty() ? "{}" : input_json));
  if (!input.object()) return invalid_request("$", "an operation's input is a JSON object");
  TILL_ASSIGN(const std::int64_t timeout_ms, take_timeout(*input.object()));
  TILL_TRY(read_operation_input(*gateway->config(), "payments.get", json::write(input)));
  TILL_TRY(gateway->runtime().engine());
  auto watch = std::make_shared<Watch>(Private(), std::move(gateway), input, timeout_ms, limits);
  watch->begin();
  return watch;
}

Watch::Watch(Private, std::shared_ptr<Gateway> gateway, const json::Value& input, std::int64_t timeout_ms,
             WatchLimits limits)
    : fork_generation_(fork_generation()),
      gateway_(std::move(gateway)),
      get_input_(json::write(input)),
      connect_input_(json::write(without_options(input))),
      timeout_ms_(timeout_ms),
      pace_(limits) {}

Watch::~Watch() { close(); }

void Watch::begin() {
  fetch();
  if (gateway_->config()->manifest().capabilities.contains("payments.watch")) connect();
  after(timeout_ms_, &Watch::expire);
}

bool Watch::inherited() const { return fork_generation_ != fork_generation(); }

std::shared_ptr<Engine> Watch::engine() const {
  auto engine = gateway_->runtime().engine();
  return engine.ok() ? *std::move(engine) : nullptr;
}

void Watch::after(std::int64_t delay_ms, Step step) {
  if (const auto running = engine())
    running->wait(delay_ms, [weak = weak_from_this(), step] {
      if (const auto self = weak.lock()) (*self.*step)();
    });
}

Result<std::string> Watch::next(std::int64_t timeout_ms) {
  if (!inherited()) return news_.wait(std::clamp<std::int64_t>(timeout_ms, 0, kMaxWatchMs));
  return Error{.kind = ErrorKind::kConflict,
               .code = "inherited_watch",
               .message = "this watch was opened before fork() and belongs to the process that opened it"};
}

void Watch::next(WatchNews::Callback callback) {
  if (inherited()) return callback(next(0));
  news_.ask(std::move(callback));
}

void Watch::close() {
  if (!inherited()) finish(std::nullopt);
}

void Watch::finish(std::optional<Error> why) {
  http::Client::StreamId stream = 0;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(over_, true)) return;
    stream = std::exchange(stream_, 0);
  }
  if (stream != 0)
    if (const auto running = engine()) running->stop(stream);
  news_.end(std::move(why));
}

// ---- asking

// Plans the next question instead of the one that was planned.
void Watch::fetch_in(std::int64_t delay_ms) {
  std::uint64_t round = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    round = ++fetch_round_;
  }
  if (const auto running = engine())
    running->wait(delay_ms, [weak = weak_from_this(), round] {
      const auto self = weak.lock();
      if (!self) return;
      {
        const std::lock_guard lock(self->mutex_);
        if (round != self->fetch_round_) return;
      }
      self->fetch();
    });
}

void Watch::fetch() {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (std::exchange(fetching_, true)) {
      fetch_again_ = true;
      return;
    }
    ++fetch_round_;
    last_fetch_ = std::chrono::steady_clock::now();
  }
  gateway_->start("payments.get", get_input_, [weak = weak_from_this()](Result<std::string> result) {
    if (const auto self = weak.lock()) self->fetched(std::move(result));
  });
}

void Watch::fetched(Result<std::string> result) {
  if (!result.ok()) return failed(result.error());
  auto payment = json::parse_written(*result);
  if (!payment.ok()) return finish(std::move(payment).error());
  if (tell(*std::move(payment))) return;
  std::int64_t delay_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
    delay_ms = pace_.next_poll_ms(connected_);
    if (std::exchange(fetch_again_, false)) delay_ms = std::min(delay_ms, pace_.limits().min_gap_ms);
  }
  fetch_in(delay_ms);
}

void Watch::failed(const Error& error) {
  if (!may_pass(error)) return finish(error);
  std::int64_t delay_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    fetching_ = fetch_again_ = false;
    delay_ms = pace_.after_failure_ms(error.retry_after_ms);
    not_before_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(error.retry_after_ms.value_or(0));
  }
  fetch_in(delay_ms);
}

// True when that was the last that there is to tell.
bool Watch::tell(json::Value payment) {
  const std::string text = json::write(payment);
  const bool last = is_final(payment);
  json::Value seen = essence(std::move(payment));
  {
    const std::lock_guard lock(mutex_);
    if (over_) return true;
    if (!last && seen == last_told_) return false;
    last_told_ = std::move(seen);
    pace_.changed();
  }
  news_.put(text, last);
  if (last) finish(std::nullopt);
  return last;
}

// ---- listening

void Watch::connect() {
  if (const auto running = engine())
    running->run_aside([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->ask_where_to_listen();
    });
}

void Watch::ask_where_to_listen() {
  const auto running = engine();
  if (!running) return;
  auto prepared = Operation::prepare(gateway_, "payments.watch", connect_input_, running->store());
  if (!prepared.ok()) return cannot_connect(prepared.error());
  running->drive(std::move(prepared).value(), [weak = weak_from_this()](Operation& operation) {
    if (const auto self = weak.lock()) self->addressed(operation);
  });
}

void Watch::addressed(Operation& operation) {
  if (!operation.result().ok()) return cannot_connect(operation.result().error());
  listen(operation.take_watch_target());
}

void Watch::listen(WatchTarget target) {
  http::Request request = std::move(target.request);
  const auto listener = std::make_shared<Listener>(std::move(target));
  std::int64_t idle_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    if (!last_event_id_.empty()) request.headers.add("Last-Event-ID", last_event_id_);
    idle_ms = pace_.limits().stream_idle_ms;
  }
  const auto running = engine();
  if (!running) return;
  const auto stream = running->stream(
      std::move(request), {.timeout_ms = gateway_->config()->timeout_ms, .idle_timeout_ms = idle_ms},
      [weak = weak_from_this(), listener](const http::Response& head, std::string_view bytes) {
        const auto self = weak.lock();
        return self && self->heard(*listener, head, bytes);
      },
      [weak = weak_from_this(), listener](const Result<http::Response>& end) {
        if (const auto self = weak.lock()) self->disconnected(*listener, end);
      });
  bool too_late = false;
  {
    const std::lock_guard lock(mutex_);
    too_late = over_;
    stream_ = stream;
  }
  if (too_late) running->stop(stream);
}

// False: enough. The head comes first and alone: from here on nothing is missed, so what happened before is asked for.
bool Watch::heard(Listener& listener, const http::Response& head, std::string_view bytes) {
  if (bytes.empty()) {
    if (!head.headers.find("Content-Type").value_or("").starts_with("text/event-stream")) return false;
    {
      const std::lock_guard lock(mutex_);
      connected_ = true;
    }
    hint();
    return true;
  }
  std::vector<http::ServerEvent> events;
  const Status read = listener.reader.read(bytes, events);
  if (!events.empty()) {
    const std::lock_guard lock(mutex_);
    pace_.connected();
  }
  if (std::any_of(events.begin(), events.end(), [&](const auto& one) { return listener.target.means(one.name); }))
    hint();
  return read.ok();
}

// A reason to ask, but not more often than every min_gap_ms, and not before the provider said.
void Watch::hint() {
  std::int64_t delay_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    if (fetching_) {
      fetch_again_ = true;
      return;
    }
    const auto next = std::max(last_fetch_ + std::chrono::milliseconds(pace_.limits().min_gap_ms), not_before_);
    const auto delay = std::chrono::ceil<std::chrono::milliseconds>(next - std::chrono::steady_clock::now());
    delay_ms = std::max<std::int64_t>(delay.count(), 0);
  }
  fetch_in(delay_ms);
}

void Watch::disconnected(const Listener& listener, const Result<http::Response>& end) {
  bool was_connected = false;
  std::int64_t poll_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    stream_ = 0;
    was_connected = std::exchange(connected_, false);
    const std::string& id = listener.reader.last_event_id();
    if (was_connected && id.size() <= kMaxEventIdLength) last_event_id_ = id;
    if (was_connected) poll_ms = pace_.next_poll_ms(false);
  }
  if (was_connected) fetch_in(poll_ms);
  if (end.ok() && end->status == kNoContent) return;
  reconnect(listener.reader.retry_ms());
}

// Where there is nothing to listen to, asking must do.
void Watch::cannot_connect(const Error& error) {
  if (may_pass(error)) reconnect(error.retry_after_ms);
}

void Watch::reconnect(std::optional<std::int64_t> retry_ms) {
  std::int64_t delay_ms = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
    delay_ms = pace_.next_reconnect_ms(retry_ms);
  }
  after(delay_ms, &Watch::connect);
}

}  // namespace till
