#include "core/http/client.h"

#include <pthread.h>

#include <mutex>
#include <thread>

#include "core/http/exchange.h"
#include "core/http/lookups.h"
#include "core/http/loop.h"
#include "core/http/pool.h"
#include "core/http/resolver.h"

namespace till::http {

class Client::Impl {
 public:
  Impl(ClientOptions options, std::shared_ptr<Resolver> resolver) {
    around_.options = std::move(options);
    around_.loop = std::make_shared<Loop>();
    around_.lookups = std::make_unique<Lookups>(around_.loop, std::move(resolver));
    pool_ = std::make_unique<Pool>(around_);
  }

  ~Impl() {
    if (!thread_.joinable()) return;
    around_.loop->post([this] {
      pool_->close();
      around_.loop->close();
    });
    thread_.join();
  }

  Loop& loop() {
    std::call_once(started_, [this] { start(); });
    return *around_.loop;
  }

  void send(Request request, const SendOptions& options, Callback callback) {
    auto made = make_exchange(std::move(request), options, around_.options.user_agent);
    if (!made.ok()) {
      loop().post([callback = std::move(callback), error = std::move(made).error()] { callback(error); });
      return;
    }
    made.value()->callback = std::move(callback);
    if (loop().here()) return pool_->submit(*std::move(made));
    // The letter owns the exchange; a Task is copyable and a unique_ptr is not.
    loop().post([this, exchange = made.value().release()] { pool_->submit(std::unique_ptr<Exchange>(exchange)); });
  }

 private:
  void start() {
    thread_ = std::thread([this] {
      block_all_signals();
      ::pthread_setname_np(::pthread_self(), "till-http");
      around_.loop->run();
    });
  }

  Surroundings around_;
  std::unique_ptr<Pool> pool_;
  std::once_flag started_;
  std::thread thread_;
};

Client::Client(ClientOptions options) : Client(std::move(options), std::make_shared<SystemResolver>()) {}
Client::Client(ClientOptions options, std::shared_ptr<Resolver> resolver)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(resolver))) {}
Client::~Client() = default;

void Client::send(Request request, SendOptions options, Callback callback) {
  impl_->send(std::move(request), options, std::move(callback));
}

void Client::post(std::function<void()> task) { impl_->loop().post(std::move(task)); }

void Client::post_after(std::int64_t delay_ms, std::function<void()> task) {
  Loop& loop = impl_->loop();
  const auto when = std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms);
  loop.post([&loop, when, task = std::move(task)]() mutable { loop.at(when, std::move(task)); });
}

}  // namespace till::http
