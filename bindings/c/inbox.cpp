// till_inbox: a gateway's events, given to a handler of the host as they come.

#include <chrono>
#include <exception>
#include <utility>

#include "bindings/c/handles.h"
#include "core/json/json.h"
#include "core/runtime/fork.h"
#include "core/runtime/log.h"

using till::Error;
using till::Result;
using till::Status;
using till::c::guarded;
using till::c::InboxWorker;
using till::c::required;

namespace till::c {

Result<std::shared_ptr<InboxWorker>> InboxWorker::start(const std::shared_ptr<Gateway>& gateway,
                                                        std::string_view options_json, till_event_handler handler,
                                                        void* context) {
  TILL_ASSIGN(auto feed, InboxFeed::open(gateway, options_json));
  std::shared_ptr<InboxWorker> worker(new InboxWorker(gateway, std::move(feed), handler, context));
  worker->thread_ = std::thread([self = worker] { self->loop(); });
  return worker;
}

InboxWorker::InboxWorker(std::shared_ptr<Gateway> gateway, std::shared_ptr<InboxFeed> feed, till_event_handler handler,
                         void* context)
    : fork_generation_(fork_generation()),
      gateway_(std::move(gateway)),
      feed_(std::move(feed)),
      handler_(handler),
      context_(context) {}

void InboxWorker::stop(std::shared_ptr<InboxWorker> worker) {
  if (worker->fork_generation_ != fork_generation()) {
    new std::shared_ptr<InboxWorker>(std::move(worker));  // its thread is in another process: never joined
    return;
  }
  {
    const std::lock_guard lock(worker->mutex_);
    worker->over_ = true;
  }
  worker->stopped_.notify_one();
  worker->feed_->close();
  if (worker->thread_.get_id() == std::this_thread::get_id())
    worker->thread_.detach();  // it ends when the handler returns
  else
    worker->thread_.join();
}

void InboxWorker::loop() {
  constexpr std::int64_t kLongMs = 3'600'000;
  for (;;) {
    auto event = feed_->next(kLongMs);
    {
      const std::lock_guard lock(mutex_);
      if (over_ && (!event.ok() || *event == "null")) return;
    }
    if (!event.ok()) {
      write_log("warn", gateway_->name(), "events cannot be taken: " + event.error().message);
      pause();
    } else if (*event != "null") {
      handle(*std::move(event));
    }
  }
}

// An event whose end cannot be kept comes again when its lease is over.
void InboxWorker::handle(std::string event) {
  try {
    const json::Value taken = *json::parse(event, {.max_bytes = event.size()});
    json::Object end{{"id", *taken.find("id")}, {"lease", *taken.find("lease")}};
    const till_reply reply{std::move(event)};
    const till_status status = handler_(context_, &reply);
    if (status != TILL_OK)
      end.set("message", "the handler returned " + std::string(till_status_name(status)) + " (" +
                             std::to_string(static_cast<int>(status)) + ")");
    const auto ended = gateway_->call(status == TILL_OK ? "events.done" : "events.fail", json::write(end));
    if (!ended.ok()) write_log("warn", gateway_->name(), "an event could not be ended: " + ended.error().message);
  } catch (const std::exception& failed) {
    write_log("warn", gateway_->name(), std::string("an event could not be handled: ") + failed.what());
  }
}

void InboxWorker::pause() {
  std::unique_lock lock(mutex_);
  stopped_.wait_for(lock, std::chrono::milliseconds(kDefaultInboxPollMs), [this] { return over_; });
}

}  // namespace till::c

till_status till_inbox_open(till_gateway* gateway, const char* options_json, till_event_handler handler, void* context,
                            till_inbox** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(gateway, "gateway"));
    TILL_TRY(required(reinterpret_cast<const void*>(handler), "handler"));
    TILL_TRY(required(out, "out"));
    TILL_ASSIGN(auto worker,
                InboxWorker::start(gateway->gateway, options_json == nullptr ? "{}" : options_json, handler, context));
    *out = new till_inbox{std::move(worker)};
    return {};
  });
}

void till_inbox_free(till_inbox* inbox) {
  if (inbox == nullptr) return;
  InboxWorker::stop(std::move(inbox->worker));
  delete inbox;
}
