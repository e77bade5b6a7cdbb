#include "core/http/client.h"

#include <pthread.h>

#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/base/signals.h"
#include "core/http/exchange.h"
#include "core/http/lookups.h"
#include "core/http/loop.h"
#include "core/http/pool.h"
#include "core/http/resolver.h"
#include "core/http/tls.h"
#include "core/http/waits.h"

namespace till::http {

class Client::Impl {
 public:
  Impl(ClientOptions options, std::shared_ptr<Resolver> resolver) {
    TlsChannel::prepare();
    around_.options = std::move(options);
    around_.loop = std::make_shared<Loop>();
    around_.lookups = std::make_unique<Lookups>(around_.loop, std::move(resolver));
    pool_ = std::make_unique<Pool>(around_);
    waits_ = std::make_unique<Waits>(*around_.loop);
  }

  ~Impl() {
    around_.loop->post([this] {
      pool_->close();
      waits_->close();
      around_.loop->close();
    });
    if (thread_.joinable()) {
      thread_.join();
    } else {
      around_.loop->run();  // no thread was ever there to do it
    }
  }

  void wait(std::int64_t delay_ms, std::function<void(Status)> callback) {
    if (!start()) return callback(no_thread_error());
    around_.loop->post(
        [this, delay_ms, callback = std::move(callback)]() mutable { waits_->add(delay_ms, std::move(callback)); });
  }

  StreamId stream(Request request, const StreamOptions& options, BytesCallback on_bytes, Callback on_end) {
    const StreamId id = ++last_stream_;
    auto made =
        make_exchange(std::move(request), {options.timeout_ms, false, kStreamAttempts}, around_.options.user_agent);
    if (made.ok()) {
      Exchange& exchange = **made;
      exchange.stream = id;
      exchange.origin += " (events)";
      exchange.on_bytes = std::move(on_bytes);
      exchange.idle_timeout = std::chrono::milliseconds(options.idle_timeout_ms);
    }
    submit(std::move(made), std::move(on_end));
    return id;
  }

  void stop(StreamId stream) {
    around_.loop->post([this, stream] { pool_->stop(stream); });
  }

  void send(Request request, const SendOptions& options, Callback callback) {
    submit(make_exchange(std::move(request), options, around_.options.user_agent), std::move(callback));
  }

 private:
  static constexpr int kStreamAttempts = 3;

  void submit(Result<std::unique_ptr<Exchange>> made, Callback callback) {
    if (!start()) return callback(made.ok() ? no_thread_error() : std::move(made).error());
    Loop& loop = *around_.loop;
    if (!made.ok()) {
      loop.post([callback = std::move(callback), error = std::move(made).error()] { callback(error); });
      return;
    }
    made.value()->callback = std::move(callback);
    if (loop.here()) return pool_->submit(*std::move(made));
    // The letter owns the exchange; a Task is copyable and a unique_ptr is not.
    loop.post([this, exchange = made.value().release()] { pool_->submit(std::unique_ptr<Exchange>(exchange)); });
  }

  static Error no_thread_error() {
    Error error{ErrorKind::kTransport, "closed", "the system has no thread for the client"};
    error.retryable = true;
    return error;
  }

  // False when the system has no thread to give; the next call tries again. (std::call_once would do, but what is
  // thrown through it hangs under ThreadSanitizer.)
  bool start() {
    if (around_.loop->here()) return true;
    const std::lock_guard lock(mutex_);
    if (thread_.joinable()) return true;
    try {
      thread_ = std::thread([this] {
        block_all_signals();
        ::pthread_setname_np(::pthread_self(), "till-http");
        around_.loop->run();
      });
    } catch (const std::system_error&) {
      return false;
    }
    return true;
  }

  Surroundings around_;
  std::unique_ptr<Pool> pool_;
  std::unique_ptr<Waits> waits_;
  std::atomic<StreamId> last_stream_{0};
  std::mutex mutex_;
  std::thread thread_;  // guarded by mutex_
};

Client::Client(ClientOptions options) : Client(std::move(options), std::make_shared<SystemResolver>()) {}
Client::Client(ClientOptions options, std::shared_ptr<Resolver> resolver)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(resolver))) {}
Client::~Client() = default;

void Client::send(Request request, SendOptions options, Callback callback) {
  impl_->send(std::move(request), options, std::move(callback));
}

Client::StreamId Client::stream(Request request, StreamOptions options, BytesCallback on_bytes, Callback on_end) {
  return impl_->stream(std::move(request), options, std::move(on_bytes), std::move(on_end));
}

void Client::stop(StreamId stream) { impl_->stop(stream); }

void Client::wait(std::int64_t delay_ms, std::function<void(Status)> callback) {
  impl_->wait(delay_ms, std::move(callback));
}

}  // namespace till::http
