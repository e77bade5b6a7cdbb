// What the tests of the client share: a blocking send, and ready-made requests.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>

#include <future>
#include <string>

#include "core/http/client.h"

namespace till::http {

inline Request get(std::string url) {
  Request request;
  request.url = std::move(url);
  return request;
}

inline Request post(std::string url, std::string body = "amount=1") {
  Request request;
  request.method = "POST";
  request.url = std::move(url);
  request.body = std::move(body);
  return request;
}

inline SendOptions once(std::int64_t timeout_ms = 10'000) { return {timeout_ms, false, 1}; }
inline SendOptions repeatable(std::int64_t timeout_ms = 10'000) { return {timeout_ms, true, 3}; }

inline std::future<Result<Response>> start(Client& client, Request request, SendOptions options = once()) {
  auto promise = std::make_shared<std::promise<Result<Response>>>();
  auto future = promise->get_future();
  client.send(std::move(request), options,
              [promise](Result<Response> result) { promise->set_value(std::move(result)); });
  return future;
}

// Runs the task on the client's thread.
inline void on_clients_thread(Client& client, std::function<void()> task) {
  client.wait(0, [task = std::move(task)](const Status&) { task(); });
}

inline Result<Response> fetch(Client& client, Request request, SendOptions options = once()) {
  return start(client, std::move(request), options).get();
}

// While it lives, no thread of this process can start another: a stack of this size is not to be had.
class NoThreads {
 public:
  NoThreads() {
    ::pthread_getattr_default_np(&before_);
    pthread_attr_t huge;
    ::pthread_attr_init(&huge);
    ::pthread_attr_setstacksize(&huge, std::size_t{1} << 50);
    EXPECT_EQ(::pthread_setattr_default_np(&huge), 0);
    ::pthread_attr_destroy(&huge);
  }
  ~NoThreads() {
    ::pthread_setattr_default_np(&before_);
    ::pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

// "timeout/maybe": an error's code and how far the request went; "200" for an answer.
inline std::string verdict(const Result<Response>& result) {
  if (result.ok()) return std::to_string(result->status);
  return result.error().code + "/" + std::string(sent_name(result.error().sent));
}

}  // namespace till::http
