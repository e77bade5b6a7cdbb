// InboxWorker: a thread that gives a gateway's events to a C handler, one after another.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "bindings/c/till.h"
#include "core/base/result.h"
#include "core/runtime/gateway.h"
#include "core/runtime/inbox_feed.h"

namespace till::c {

class InboxWorker : public std::enable_shared_from_this<InboxWorker> {
 public:
  // `options_json` as for InboxFeed::open().
  static Result<std::shared_ptr<InboxWorker>> start(const std::shared_ptr<Gateway>& gateway,
                                                    std::string_view options_json, till_event_handler handler,
                                                    void* context);
  // Waits for the handler under way, unless called from inside it. Call once.
  static void stop(std::shared_ptr<InboxWorker> worker);

 private:
  InboxWorker(std::shared_ptr<Gateway> gateway, std::shared_ptr<InboxFeed> feed, till_event_handler handler,
              void* context);
  void loop();
  void handle(std::string event);
  void pause();

  const std::uint64_t fork_generation_;
  const std::shared_ptr<Gateway> gateway_;
  const std::shared_ptr<InboxFeed> feed_;
  const till_event_handler handler_;
  void* const context_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace till::c
