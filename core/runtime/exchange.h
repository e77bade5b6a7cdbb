// Exchange: one operation stepped by its host: here is the request to send -> here is the reply -> done. For hosts that
// must use their own HTTP client.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace till {

class Engine;
class Operation;

// One operation. Use from one thread at a time. Destroying an exchange whose write was handed out but not answered
// leaves that write's outcome unknown in the store.
class Exchange {
 public:
  Exchange(std::unique_ptr<Operation> operation, std::shared_ptr<Engine> engine);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The request to send now, with credentials and card data filled in: send it as it is, log none of it, do not follow
  // redirects. nullptr when the operation has ended. The pointer is good until the next reply() or fail().
  const http::Request* request() const;
  // Milliseconds to let pass before the request is sent, counted from now: the provider takes none before. Never more
  // in all than the gateway's rate_limit_wait_ms. 0: send at once.
  std::int64_t wait_ms() const;
  // Milliseconds that the host should allow for this request, without that waiting.
  std::int64_t timeout_ms() const;
  // Hands in the answer. The next request() or the result follows. kInvalidRequest, and nothing has changed, when its
  // status is none.
  Status reply(http::Response response);
  // No answer came: a kTransport that may be retried when nothing was sent. `sent` says how far the request went; when
  // in doubt kMaybe. `message` is the host's words for it, `code` its word for programs.
  void fail(Sent sent, std::string message, std::string code = "host_client");
  // The output as JSON text once request() is nullptr.
  const Result<std::string>& result() const;

 private:
  bool inherited() const;
  void settle();

  std::uint64_t fork_generation_;
  std::shared_ptr<Operation> operation_;
  // Goes before the operation, whose runtime, as the last owner, ends it where that may wait.
  std::shared_ptr<Engine> engine_;
  UnixMillis send_at_ms_ = 0;
};

}  // namespace till
