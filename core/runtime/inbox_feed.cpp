// InboxFeed: taking for those who wait. Nothing is called with the mutex held.
#include "core/runtime/inbox_feed.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <optional>
#include <utility>

#include "core/json/json.h"
#include "core/json/written.h"
#include "core/plugin/schema.h"
#include "core/plugin/shapes.h"
#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/gateway.h"
#include "core/runtime/inbox.h"
#include "core/runtime/operation_input.h"

namespace till {
namespace {

constexpr std::string_view kNone = "null";
constexpr std::int64_t kMaxWaitMs = 24 * 3'600'000;

json::Value number(std::int64_t least, std::int64_t most, std::int64_t otherwise) {
  return json::Object{{"type", "integer"},
                      {"minimum", json::Value::integer(least)},
                      {"maximum", json::Value::integer(most)},
                      {"default", json::Value::integer(otherwise)}};
}

Result<json::Value> read_options(std::string_view options_json) {
  const json::Value shape =
      plugin::object_shape({{"lease_ms", number(kMinLeaseMs, kMaxLeaseMs, kDefaultLeaseMs)},
                            {"poll_ms", number(kMinInboxPollMs, kMaxInboxPollMs, kDefaultInboxPollMs)}});
  TILL_ASSIGN(json::Value options, parse_input(options_json));
  drop_nulls(*options.object());
  return plugin::validate(shape, std::move(options), "$");
}

Result<json::Array> events_of(const Result<std::string>& taken) {
  if (!taken.ok()) return taken.error();
  TILL_ASSIGN(json::Value parsed, json::parse_written(*taken));
  return std::move(*parsed.object()->find("items")->array());
}

// Where a waiting thread finds its event.
struct Place {
  std::mutex mutex{};
  std::condition_variable arrived{};
  std::optional<Result<std::string>> event{};

  void put(Result<std::string> what) {
    const std::lock_guard lock(mutex);
    event.emplace(std::move(what));
    arrived.notify_one();
  }
};

}  // namespace

void InboxFeed::Source::start(std::string_view operation, std::string_view input_json, Callback callback) const {
  if (gateway)
    gateway->start(operation, input_json, std::move(callback));
  else
    runtime->start_store(operation, input_json, std::move(callback));
}

// What nobody waits for any more. When that fails, the lease will end. `until` is held until then.
void InboxFeed::Source::give_back(const json::Value& event, std::shared_ptr<void> until) const {
  const json::Object held{{"id", *event.find("id")}, {"lease", *event.find("lease")}};
  start("events.release", json::write(held), [until = std::move(until)](const Result<std::string>&) {});
}

Result<std::shared_ptr<InboxFeed>> InboxFeed::open(const std::shared_ptr<Gateway>& gateway,
                                                   std::string_view options_json) {
  return open_for({gateway->runtime().shared_from_this(), gateway}, options_json);
}

Result<std::shared_ptr<InboxFeed>> InboxFeed::open(std::shared_ptr<Runtime> runtime, std::string_view options_json) {
  return open_for({std::move(runtime), nullptr}, options_json);
}

Result<std::shared_ptr<InboxFeed>> InboxFeed::open_for(Source source, std::string_view options_json) {
  TILL_ASSIGN(const json::Value options, read_options(options_json));
  TILL_ASSIGN(const auto engine, source.runtime->engine());
  auto feed = std::make_shared<InboxFeed>(Private(), std::move(source), *options.find_integer("lease_ms"),
                                          *options.find_integer("poll_ms"));
  feed->on_ring_ = std::make_shared<const Bell::Listener>([weak = feed->weak_from_this()] {
    if (const auto self = weak.lock()) self->pump();
  });
  engine->inbox_bell().listen(feed->on_ring_);
  return feed;
}

InboxFeed::InboxFeed(Private, Source source, std::int64_t lease_ms, std::int64_t poll_ms)
    : fork_generation_(fork_generation()), source_(std::move(source)), lease_ms_(lease_ms), poll_ms_(poll_ms) {}

InboxFeed::~InboxFeed() { close(); }

bool InboxFeed::inherited() const { return fork_generation_ != fork_generation(); }

std::shared_ptr<Engine> InboxFeed::engine() const {
  auto engine = source_.runtime->engine();
  return engine.ok() ? *std::move(engine) : nullptr;
}

Result<std::string> InboxFeed::next(std::int64_t timeout_ms) {
  const auto place = std::make_shared<Place>();
  const std::uint64_t number = ask([place](Result<std::string> event) { place->put(std::move(event)); });
  const std::chrono::milliseconds time(std::clamp<std::int64_t>(timeout_ms, 0, kMaxWaitMs));
  std::unique_lock lock(place->mutex);
  const auto arrived = [&] { return place->event.has_value(); };
  if (!place->arrived.wait_for(lock, time, arrived)) {
    lock.unlock();
    if (withdraw(number)) return std::string(kNone);
    lock.lock();  // it is being handed over
    place->arrived.wait(lock, arrived);
  }
  return *std::move(place->event);
}

void InboxFeed::next(Callback callback) { (void)ask(std::move(callback)); }

std::uint64_t InboxFeed::ask(Callback callback) {
  if (inherited()) {
    callback(Error{.kind = ErrorKind::kConflict,
                   .code = "inherited_inbox",
                   .message = "these events are for the process that began to wait for them, before fork()"});
    return 0;
  }
  std::unique_lock lock(mutex_);
  if (over_) {
    lock.unlock();
    callback(std::string(kNone));
    return 0;
  }
  const std::uint64_t number = ++last_number_;
  waiting_.push_back({number, std::move(callback)});
  lock.unlock();
  pump();
  return number;
}

bool InboxFeed::withdraw(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  return std::erase_if(waiting_, [&](const Waiter& waiter) { return waiter.number == number; }) > 0;
}

void InboxFeed::close() {
  close_then([] {});
}

void InboxFeed::close_then(std::function<void()> then) {
  // Calls `then` when the last one lets go of it: this function, or the take under way.
  const std::shared_ptr<void> end(nullptr, [then = std::move(then)](void*) { then(); });
  if (inherited()) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    if (under_way_) under_way_->then.push_back(end);
  }
  tell_all(std::string(kNone));
}

// Takes as many as wait, unless that is under way.
void InboxFeed::pump() {
  std::size_t count = 0;
  const auto take = std::make_shared<Take>();
  {
    const std::lock_guard lock(mutex_);
    again_ = true;
    if (over_ || under_way_ || waiting_.empty()) return;
    under_way_ = take;
    again_ = false;
    ++poll_round_;
    count = std::min(waiting_.size(), kMaxTakenEvents);
  }
  const json::Object input{{"limit", json::Value::integer(static_cast<std::int64_t>(count))},
                           {"lease_ms", json::Value::integer(lease_ms_)}};
  source_.start("events.take", json::write(input),
                [weak = weak_from_this(), source = source_, take](const Result<std::string>& taken) {
                  if (const auto self = weak.lock()) return self->took(taken, take);
                  if (const auto events = events_of(taken); events.ok())
                    for (const json::Value& event : *events) source.give_back(event, nullptr);
                });
}

void InboxFeed::took(const Result<std::string>& taken, const std::shared_ptr<Take>& take) {
  const auto events = events_of(taken);
  const bool found = events.ok() && !events->empty();
  if (events.ok())
    deliver(*events, take);
  else if (!events.error().retryable)
    tell_all(events.error());
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    under_way_.reset();  // not the last one: `take` is held
    again = found || again_;
  }
  if (again)
    pump();
  else
    poll_later();
}

void InboxFeed::deliver(const json::Array& events, const std::shared_ptr<Take>& take) {
  for (const json::Value& event : events) {
    std::unique_lock lock(mutex_);
    if (waiting_.empty()) {
      lock.unlock();
      source_.give_back(event, take);
      continue;
    }
    const Callback callback = std::move(waiting_.front().callback);
    waiting_.pop_front();
    lock.unlock();
    callback(json::write(event));
  }
}

void InboxFeed::tell_all(const Result<std::string>& what) {
  std::deque<Waiter> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(waiting_);
  }
  for (const Waiter& waiter : all) waiter.callback(what);
}

void InboxFeed::poll_later() {
  std::uint64_t round = 0;
  {
    const std::lock_guard lock(mutex_);
    if (over_ || waiting_.empty()) return;
    round = ++poll_round_;
  }
  if (const auto running = engine())
    running->wait(poll_ms_, [weak = weak_from_this(), round] {
      const auto self = weak.lock();
      if (!self) return;
      {
        const std::lock_guard lock(self->mutex_);
        if (round != self->poll_round_) return;
      }
      self->pump();
    });
}

}  // namespace till
