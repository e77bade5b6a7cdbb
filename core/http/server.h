// Server: an HTTP/1.1 server on one thread. It knows requests and answers, and nothing of what they are about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/http/request_reader.h"

namespace till::http {

struct ListenOptions {
  std::string address;  // as Listener::open() takes it: "127.0.0.1:8080", "[::]:443", "unix:/run/till/api.sock"
  // PEM files, both or none: with them all connections are TLS.
  std::string cert_file{};
  std::string key_file{};
};

// A request that the server refused or gave up by itself, and why, for logs and counters.
struct ServerRefusal {
  int status = 0;           // what was answered; 0: closed without an answer
  std::string_view reason;  // a word: "bare_lf", "header_timeout", "too_many_connections"
  std::string peer;
  std::size_t listener = 0;
};

struct ServerOptions {
  std::vector<ListenOptions> listen;
  RequestLimits request{};
  // Open connections. One more takes the place of the one that has been idle for longest; when none is idle, it is
  // answered with 503, or closed.
  std::size_t max_connections = 4096;
  // Of requests that are being received, all together: further ones are answered with 503.
  std::size_t max_buffered_bytes = 64 * kMiB;
  // From a connection's beginning, TLS included, or from a later request's first byte, to the end of its header: 408.
  std::int64_t header_timeout_ms = 10'000;
  std::int64_t body_timeout_ms = 30'000;   // for the whole body: 408
  std::int64_t idle_timeout_ms = 60'000;   // between two requests: closed
  std::int64_t write_timeout_ms = 30'000;  // until the client has taken a whole answer: closed
  std::shared_ptr<const Clock> clock{};    // for the Date of answers; null: the system's
  // On the server's thread; must not block or throw. May be empty.
  std::function<void(const ServerRefusal&)> on_refusal{};
};

// Counted since the server was opened.
struct ServerCounts {
  std::uint64_t open = 0;      // connections now
  std::uint64_t accepted = 0;  // connections in all
  std::uint64_t evicted = 0;   // idle ones that made room
  std::uint64_t requests = 0;  // handed to the handler
  std::uint64_t refused = 0;   // told to on_refusal
};

struct Ticket;

// Gives the answer to one request, once, from any thread; a second answer does nothing. A request whose last Respond
// goes without an answer is answered with 500. May outlive the server.
class Respond {
 public:
  explicit Respond(std::shared_ptr<Ticket> ticket) : ticket_(std::move(ticket)) {}
  // Connection, Content-Length and Date are the server's to add. A header that could smuggle (a CR, an LF) makes it
  // 500.
  void operator()(Response response) const;

 private:
  std::shared_ptr<Ticket> ticket_;
};

// Handles each connection's requests in their order, one at a time: what a client sends ahead waits in its own buffers.
// Not to be carried over fork().
class Server {
 public:
  // On the server's thread; must not block. What it throws becomes a 500.
  using Handler = std::function<void(InboundRequest, Respond)>;

  // Listens when it returns. kConfiguration: code "listen", "cert_file" or "key_file", the place in `field` as
  // "listen[0]"; kInternal when the system has no thread.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, Handler handler);
  // close(0), unless it was closed.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it listens, in the order of the options, with the ports that were given.
  const std::vector<std::string>& addresses() const;
  // Takes no more connections and closes those that are idle; requests that have begun have `timeout_ms` to be read,
  // answered and sent. Then everything is closed. True when nothing was cut off. Not from the server's thread; a second
  // call returns at once.
  bool close(std::int64_t timeout_ms);
  // Reads the certificates and keys of all listeners again: handshakes that begin now use them, connections that are
  // there go on with what they have. A listener whose files are no good keeps what it had, and its error is returned,
  // as open() would. Any thread; waits for the disk.
  std::vector<Error> reload_certificates();
  // Any thread.
  ServerCounts counts() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace till::http
