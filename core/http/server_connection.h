// ServerConnection: one client of a Server, from its accept to its end. On the loop's thread only.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "core/http/loop.h"
#include "core/http/request_reader.h"
#include "core/http/server.h"
#include "core/http/tls.h"

namespace till::http {

class ServerConnection;

// What all connections of one server share.
struct ServerShared {
  static constexpr std::size_t kReadBytes = 16 * kKiB;  // one TLS record

  ServerOptions options;
  Server::Handler handler;
  std::shared_ptr<Loop> loop;
  std::mutex tls_mutex;
  std::vector<std::shared_ptr<TlsContext>> tls;  // by listener; null: plain; guarded by tls_mutex
  std::shared_ptr<TlsContext> tls_of(std::size_t listener) {
    const std::lock_guard lock(tls_mutex);
    return tls[listener];
  }
  // Every read goes here first, so that a connection that waits holds no buffer of its own.
  std::unique_ptr<char[]> scratch;
  std::size_t buffered = 0;  // bytes of requests that are being received
  bool closing = false;
  std::set<std::shared_ptr<ServerConnection>> connections;
  std::set<std::shared_ptr<ServerConnection>> turned_away;  // those that are told that there is no room
  std::list<ServerConnection*> idle;  // between two requests, or before the first; the longest idle first
  std::function<void()> on_gone;      // a connection went
  // Read by any thread.
  std::atomic<std::uint64_t> open{0}, accepted{0}, evicted{0}, requests{0}, refused{0};
};

class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  // Takes over the descriptor.
  ServerConnection(ServerShared& shared, int descriptor, std::string peer, std::size_t listener);
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  // Serves until the end; the connection is in shared.connections for so long.
  void start();
  // Answers 503 and goes.
  void turn_away();
  // The server is closing: goes as soon as no request is under way.
  void finish();
  // Goes now.
  void close();
  // The answer to the request with this number; ignored when that is not the one that waits.
  void answer(std::uint64_t number, Response response);

 private:
  template <class T>
  using Task = boost::asio::awaitable<T>;

  void spawn(Task<void> work);
  Task<void> serve();
  Task<void> refuse_at_once();
  Task<bool> shake_hands();
  Task<bool> wait_for_request();
  Task<bool> read_request();
  Task<bool> handle_request();
  Task<void> refuse(int status, std::string_view reason);
  Task<void> linger(bool patient);
  Task<bool> read_more();
  Task<bool> write(std::string text);
  Task<bool> send(std::string bytes);
  Task<void> until_ready(boost::asio::posix::stream_descriptor::wait_type what);

  bool take_in(std::size_t size);
  bool within_memory();
  void tell(int status, std::string_view reason);
  void set_deadline(std::int64_t after_ms);
  void clear_deadline();
  void set_idle(bool idle);
  void gone();

  ServerShared& shared_;
  boost::asio::posix::stream_descriptor socket_;
  boost::asio::steady_timer answered_;  // cancelled when the answer is there
  const std::string peer_;
  const std::size_t listener_;
  const std::shared_ptr<TlsContext> context_;  // as it was when the connection came; null: plain
  std::unique_ptr<TlsChannel> tls_;
  RequestReader reader_;
  std::string in_;            // what has come and was not read yet
  std::size_t counted_ = 0;   // of shared.buffered
  std::uint64_t number_ = 0;  // of the request under way
  std::optional<Response> response_;
  std::optional<Loop::TimerId> deadline_;
  std::optional<std::list<ServerConnection*>::iterator> idle_;
  bool expired_ = false;
  bool finishing_ = false;
  bool served_ = false;  // a request was answered
  bool closed_ = false;
};

// The whole answer as it goes over the wire; `head`: without its body. nullopt when a header is not fit to be sent.
std::optional<std::string> write_response(const Response& response, bool keep_alive, bool head, UnixMillis now);

}  // namespace till::http
