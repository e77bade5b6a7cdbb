// What the tests of the client share: a blocking send, and ready-made requests.
#pragma once

#include <gtest/gtest.h>

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

inline Result<Response> fetch(Client& client, Request request, SendOptions options = once()) {
  return start(client, std::move(request), options).get();
}

// "timeout/maybe": an error's code and how far the request went; "200" for an answer.
inline std::string verdict(const Result<Response>& result) {
  if (result.ok()) return std::to_string(result->status);
  return result.error().code + "/" + std::string(sent_name(result.error().sent));
}

}  // namespace till::http
