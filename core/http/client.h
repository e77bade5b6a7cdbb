// Client: the built-in HTTP client. One per Runtime; many requests at once on one I/O thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace till::http {

class Resolver;

struct ClientOptions {
  std::string ca_file;   // PEM; empty: the system's store (SSL_CERT_FILE and SSL_CERT_DIR respected)
  std::string proxy;     // "http://host:port"; empty: none. from_environment() reads the usual variables
  std::string no_proxy;  // comma-separated hosts and suffixes that go direct
  std::int64_t connect_timeout_ms = 10'000;     // name look-up, TCP, proxy and TLS together
  std::int64_t idle_timeout_ms = 55'000;        // a pooled connection unused for longer is closed
  std::size_t max_connections_per_origin = 64;  // further requests wait in line, in order, within their deadline
  std::size_t max_idle_per_origin = 16;
  std::size_t max_response_bytes = kMaxResponseBytes;  // of body, after chunked decoding
  std::size_t max_header_bytes = kMaxHeaderBytes;      // of status line and header fields
  std::string user_agent = "till/0.1";
};
// Fills proxy and no_proxy from HTTPS_PROXY / https_proxy and NO_PROXY / no_proxy when they are empty.
void apply_environment(ClientOptions& options);

struct SendOptions {
  std::int64_t timeout_ms = 30'000;  // one deadline over the whole exchange, retries and waiting in line included
  bool repeatable = false;           // a read, or a write the provider de-duplicates: may be sent again after a failure
  int max_attempts = 3;              // attempts in all; an attempt of which no byte was sent never needs `repeatable`
  bool once = false;                 // these very bytes are good for one time: what went out is not sent again, though
                                     // another exchange may be, which is what `retryable` tells of a `repeatable` one
};

struct StreamOptions {
  std::int64_t timeout_ms = 30'000;       // until the answer begins, waiting in line included
  std::int64_t idle_timeout_ms = 75'000;  // from then on, without a byte
};

// Safe to call from any thread. All sockets live on one lazily started thread.
class Client {
 public:
  // Called once, on the client's thread; must not block, and must not throw: what it throws is dropped. After ~Client
  // began, pending callbacks get kTransport "closed".
  using Callback = std::function<void(Result<Response>)>;

  // Never fails: bad options show at the first send as kConfiguration (e.g. code "ca_file").
  explicit Client(ClientOptions options);
  // As above, with names resolved by `resolver` (core/http/resolver.h) instead of the system.
  Client(ClientOptions options, std::shared_ptr<Resolver> resolver);
  // Waits for the client's thread, so never from a callback. All callbacks have run when it returns.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Sends and calls back. Any status is a success here; only the lack of a whole, well-formed answer is an error:
  // kTransport with code "resolve" | "connect" | "connect_timeout" | "tls" | "proxy" | "timeout" | "reset" |
  // "truncated" | "too_large" | "malformed" | "closed", and `sent` = kNo (no request byte left), kMaybe (some may have
  // arrived), kYes (an answer began). kInvalidRequest from check_request(). No redirects are followed. When the system
  // has no thread for the client, `callback` runs within this call, with a retryable "closed"; the next call tries
  // again.
  void send(Request request, SendOptions options, Callback callback);
  using StreamId = std::uint64_t;
  // The answer so far, without its body, and the next bytes of that; false to end the stream. On the client's thread;
  // must not block or throw. Called first, with no bytes, when a header with status 200 is there; never for others.
  using BytesCallback = std::function<bool(const Response&, std::string_view)>;

  // Sends a request whose answer has no end that is worth waiting for. `on_end` is called once, as the callback of
  // send(): with the answer, its body left out when `on_bytes` got it, or with an error, "stopped" among them. Nothing
  // is tried again once a byte was sent. Streams take no connection away from other requests to the same origin.
  StreamId stream(Request request, StreamOptions options, BytesCallback on_bytes, Callback on_end);
  // Ends the stream, unless it has ended; `on_end` follows.
  void stop(StreamId stream);

  // Calls back once, on the client's thread, after `delay_ms`; must not block. After ~Client began kTransport "closed",
  // also when the system has no thread for the client, then within this call.
  void wait(std::int64_t delay_ms, std::function<void(Status)> callback);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace till::http
