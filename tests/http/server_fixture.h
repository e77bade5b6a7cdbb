// What the tests of the server share: one that is open, with a handler that says what it got.
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/http/server.h"
#include "tests/base/eventually.h"
#include "tests/http/caller.h"
#include "tests/http/stub_server.h"

namespace till::http {

inline Response answer_with(std::string body, int status = 200) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

class ServerTest : public testing::Test {
 protected:
  // "POST /path 3:abc": what the handler of open() answers.
  static std::string seen(const InboundRequest& request) {
    return request.method + " " + request.target + " " + std::to_string(request.body.size()) + ":" + request.body;
  }

  void open(ServerOptions options = {}, Server::Handler handler = {}) {
    if (options.listen.empty()) options.listen = {{"127.0.0.1:0"}};
    if (!handler)
      handler = [](const InboundRequest& request, const Respond& respond) { respond(answer_with(seen(request))); };
    options.on_refusal = [this](const ServerRefusal& refusal) {
      const std::lock_guard lock(mutex_);
      refusals_.push_back(std::to_string(refusal.status) + " " + std::string(refusal.reason));
    };
    auto opened = Server::open(std::move(options), std::move(handler));
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    server_ = *std::move(opened);
  }

  std::string address(std::size_t index = 0) const { return server_->addresses()[index]; }
  Caller call() const { return Caller(address()); }
  // What one connection gets for these bytes.
  std::string ask(std::string_view bytes) const {
    Caller caller = call();
    caller.send(bytes);
    return caller.read_answer();
  }
  std::vector<std::string> refusals() {
    const std::lock_guard lock(mutex_);
    return refusals_;
  }

  std::mutex mutex_;
  std::vector<std::string> refusals_;  // guarded by mutex_
  std::unique_ptr<Server> server_;
};

constexpr const char* kGet = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";

}  // namespace till::http
