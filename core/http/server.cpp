#include "core/http/server.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/signals.h"
#include "core/http/listener.h"
#include "core/http/server_connection.h"

namespace till::http {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;

constexpr int kAcceptBatch = 64;                        // before others get their turn
constexpr std::size_t kMaxTurnedAway = 64;              // beyond it, connections are closed without a word
constexpr auto kPause = std::chrono::milliseconds(50);  // when the system has no descriptor to give

Error in_listener(Error error, std::size_t index) {
  error.field = "listen[" + std::to_string(index) + "]" + (error.field.empty() ? "" : "." + error.field);
  return error;
}

bool is_tls(const ListenOptions& wanted) { return !wanted.cert_file.empty() || !wanted.key_file.empty(); }

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, Handler handler) {
    TlsChannel::prepare();
    if (!options.clock) options.clock = std::make_shared<SystemClock>();
    shared_.options = std::move(options);
    shared_.handler = std::move(handler);
    shared_.loop = std::make_shared<Loop>();
    shared_.scratch = std::make_unique<char[]>(ServerShared::kReadBytes);
    shared_.on_gone = [this] { all_gone(); };
  }

  ~Impl() { close(0); }

  Status listen() {
    for (std::size_t i = 0; i < shared_.options.listen.size(); ++i) {
      const ListenOptions& wanted = shared_.options.listen[i];
      std::shared_ptr<TlsContext> tls;
      if (is_tls(wanted)) {
        auto made = TlsContext::make_server(wanted.cert_file, wanted.key_file);
        if (!made.ok()) return in_listener(std::move(made).error(), i);
        tls = *std::move(made);
      }
      auto opened = Listener::open(wanted.address);
      if (!opened.ok()) return in_listener(std::move(opened).error(), i);
      addresses_.push_back(opened->address());
      shared_.tls.push_back(std::move(tls));
      try {
        doors_.push_back(std::make_unique<Door>(*shared_.loop, *std::move(opened), i));
      } catch (const std::exception& failed) {
        return internal_error("the system cannot watch a socket: " + std::string(failed.what()));
      }
    }
    reserve();
    return {};
  }

  Status start() {
    for (const auto& door : doors_) asio::co_spawn(shared_.loop->io(), accept_all(*door), [](std::exception_ptr) {});
    try {
      thread_ = std::thread([this] {
        block_all_signals();
        ::pthread_setname_np(::pthread_self(), "till-serve");
        shared_.loop->run();
      });
    } catch (const std::system_error&) {
      return internal_error("the system has no thread for the server");
    }
    return {};
  }

  bool close(std::int64_t timeout_ms) {
    const std::lock_guard lock(mutex_);
    if (closed_) return true;
    closed_ = true;
    shared_.loop->post([this, timeout_ms] { begin_close(timeout_ms); });
    if (thread_.joinable()) {
      thread_.join();
    } else {
      shared_.loop->run();  // no thread was ever there to do it
    }
    if (reserve_ >= 0) ::close(reserve_);
    return !cut_off_;
  }

  std::vector<Error> reload_certificates() {
    std::vector<Error> errors;
    for (std::size_t i = 0; i < shared_.options.listen.size(); ++i) {
      const ListenOptions& wanted = shared_.options.listen[i];
      if (!is_tls(wanted)) continue;
      auto made = TlsContext::make_server(wanted.cert_file, wanted.key_file);
      if (!made.ok()) {
        errors.push_back(in_listener(std::move(made).error(), i));
        continue;
      }
      const std::lock_guard lock(shared_.tls_mutex);
      shared_.tls[i] = *std::move(made);
    }
    return errors;
  }

  const std::vector<std::string>& addresses() const { return addresses_; }

  ServerCounts counts() const {
    return {.open = shared_.open.load(),
            .accepted = shared_.accepted.load(),
            .evicted = shared_.evicted.load(),
            .requests = shared_.requests.load(),
            .refused = shared_.refused.load()};
  }

 private:
  // A listening socket in the loop.
  struct Door {
    Door(Loop& loop, Listener opened, std::size_t its_index)
        : listener(std::move(opened)), watched(loop.io(), listener.descriptor()), pause(loop.io()), index(its_index) {}
    ~Door() { close(); }
    Door(const Door&) = delete;
    Door& operator=(const Door&) = delete;
    void close() {
      if (watched.is_open()) watched.release();  // it is the listener's to close
      const Listener gone = std::move(listener);
      pause.cancel();
    }
    Listener listener;
    asio::posix::stream_descriptor watched;
    asio::steady_timer pause;
    const std::size_t index;
  };

  asio::awaitable<void> accept_all(Door& door) {
    while (!shared_.closing) {
      ErrorCode ended;
      co_await door.watched.async_wait(asio::posix::stream_descriptor::wait_read,
                                       asio::redirect_error(asio::use_awaitable, ended));
      for (int i = 0; i < kAcceptBatch && !shared_.closing && accept_one(door); ++i) continue;
      if (!starved_ || shared_.closing) continue;
      starved_ = false;
      door.pause.expires_after(kPause);
      co_await door.pause.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    }
  }

  // False: there is none to be had now.
  bool accept_one(Door& door) {
    std::string peer;
    const int socket = door.listener.accept(&peer);
    if (socket < 0) return errno == EMFILE || errno == ENFILE ? make_way(door) : errno == ECONNABORTED;
    ++shared_.accepted;
    welcome(socket, std::move(peer), door.index);
    return true;
  }

  void welcome(int socket, std::string peer, std::size_t listener) {
    if (shared_.connections.size() >= shared_.options.max_connections) evict();
    const bool full = shared_.connections.size() >= shared_.options.max_connections;
    if (full && shared_.turned_away.size() >= kMaxTurnedAway) {
      ::close(socket);
      ++shared_.refused;
      if (shared_.options.on_refusal) shared_.options.on_refusal({0, "too_many_connections", peer, listener});
      return;
    }
    std::shared_ptr<ServerConnection> made;
    try {
      made = std::make_shared<ServerConnection>(shared_, socket, std::move(peer), listener);
    } catch (const std::exception&) {  // asio has no room for the descriptor
      ::close(socket);
      return;
    }
    (full ? shared_.turned_away : shared_.connections).insert(made);
    if (full) return made->turn_away();
    ++shared_.open;
    made->start();
  }

  // Closes the connection that has been idle for longest. Its slot is free when this returns.
  bool evict() {
    if (shared_.idle.empty()) return false;
    const auto oldest = shared_.idle.front()->shared_from_this();
    oldest->close();
    if (shared_.connections.erase(oldest) > 0) --shared_.open;
    ++shared_.evicted;
    return true;
  }

  // The process has no descriptor left. Somebody waits at the door, and would be told of it again and again: room is
  // made for them, or they are let in on the one descriptor that is kept for this, and out again.
  bool make_way(Door& door) {
    // The system looks for a descriptor before it looks whether anybody waits.
    pollfd waiting{door.listener.descriptor(), POLLIN, 0};
    if (::poll(&waiting, 1, 0) != 1) return false;
    if (evict()) return true;
    starved_ = true;
    if (reserve_ < 0) return reserve(), false;
    ::close(std::exchange(reserve_, -1));
    std::string peer;
    const int socket = door.listener.accept(&peer);
    if (socket >= 0) {
      ::close(socket);
      ++shared_.refused;
      if (shared_.options.on_refusal) shared_.options.on_refusal({0, "no_descriptors", peer, door.index});
    }
    reserve();
    return socket >= 0;
  }

  void reserve() { reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

  void begin_close(std::int64_t timeout_ms) {
    for (const auto& door : doors_) {
      // Whoever the system has let in already is served.
      for (int i = 0; timeout_ms > 0 && i < kAcceptBatch && accept_one(*door); ++i) continue;
      door->close();
    }
    shared_.closing = true;
    const auto open = shared_.connections;
    for (const auto& connection : open) connection->finish();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    shared_.loop->at(limit, [this] { cut_off(); });
    all_gone();
  }

  void cut_off() {
    const auto open = shared_.connections;
    const auto turned_away = shared_.turned_away;
    cut_off_ = !open.empty();
    for (const auto& connection : open) connection->close();
    for (const auto& connection : turned_away) connection->close();
  }

  void all_gone() {
    if (shared_.closing && shared_.connections.empty() && shared_.turned_away.empty()) shared_.loop->close();
  }

  ServerShared shared_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<Door>> doors_;
  int reserve_ = -1;      // a descriptor to give up when there are no others
  bool starved_ = false;  // the last accept found no descriptor
  bool cut_off_ = false;
  std::mutex mutex_;
  bool closed_ = false;  // guarded by mutex_
  std::thread thread_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(options), std::move(handler));
  TILL_TRY(impl->listen());
  TILL_TRY(impl->start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::vector<std::string>& Server::addresses() const { return impl_->addresses(); }
bool Server::close(std::int64_t timeout_ms) { return impl_->close(timeout_ms); }
std::vector<Error> Server::reload_certificates() { return impl_->reload_certificates(); }
ServerCounts Server::counts() const { return impl_->counts(); }

}  // namespace till::http
