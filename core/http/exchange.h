// Exchange: one request under way, from send() to its callback.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/http/client.h"
#include "core/http/loop.h"
#include "core/http/target.h"

namespace till::http {

class Connection;

// Belongs to the pool; on the loop's thread only once it is there.
struct Exchange {
  Exchange() = default;
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Target target;
  std::string origin;  // target.origin(), made once; with a mark for streams, which have connections of their own
  std::string method;
  std::string wire;  // the whole request as it is sent; wiped at the end
  bool repeatable = false;
  bool once = false;
  int attempts_left = 1;
  int failures = 0;
  bool wants_fresh = false;  // a pooled connection just failed it
  Sent sent = Sent::kNo;     // the furthest of all attempts
  bool repeated = false;     // an attempt before this one may have arrived
  TimePoint deadline;
  TimePoint latest_start;  // it waits in line no longer
  Client::Callback callback;

  // Of a stream only.
  Client::StreamId stream = 0;
  Client::BytesCallback on_bytes;
  std::chrono::milliseconds idle_timeout{0};

  Connection* connection = nullptr;  // the one that serves it now; null in line and between attempts
  std::optional<Loop::TimerId> deadline_timer;
  std::optional<Loop::TimerId> retry_timer;
  std::list<std::unique_ptr<Exchange>>::iterator self;  // its place in the pool's list

  bool headers_only() const { return method == "HEAD"; }
  // "POST https://api.example": what messages may say about it.
  std::string label() const { return method + " " + origin; }
};

// Checks the request and lays it out for the wire. kInvalidRequest as check_request(). The request's own copy of the
// body is wiped.
Result<std::unique_ptr<Exchange>> make_exchange(Request request, const SendOptions& options,
                                                std::string_view user_agent);

}  // namespace till::http
