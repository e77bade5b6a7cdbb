// Connection: one socket to one origin, with TLS and a proxy's tunnel where they belong; one exchange at a time.
#pragma once

#include <memory>

#include "core/base/result.h"
#include "core/http/exchange.h"
#include "core/http/lookups.h"
#include "core/http/message.h"
#include "core/http/proxy.h"
#include "core/http/tls.h"

namespace till::http {

// What every connection of a client shares. Outlives them.
struct Surroundings {
  ClientOptions options;
  std::shared_ptr<Loop> loop;
  std::unique_ptr<Lookups> lookups;
  std::unique_ptr<TlsContext> tls;  // made before the first https connection
};

// What a connection tells the pool that owns it. `exchange` is no longer the connection's when it is named here.
class ConnectionOwner {
 public:
  // The answer is whole. `reusable`: the connection takes another exchange, even from within this call.
  virtual void on_response(Connection& connection, Exchange& exchange, Response response, bool reusable) = 0;
  // More of a stream's answer is here.
  virtual void on_progress(Exchange& exchange) = 0;
  // No answer came. `connection` takes no more; `reused`: it had served others before.
  virtual void on_failure(Connection& connection, Exchange& exchange, Error error, bool reused) = 0;
  // Nothing refers to `connection` any more: to be destroyed in this call.
  virtual void on_gone(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

struct Origin;

// On the loop's thread only.
class Connection {
 public:
  virtual ~Connection() = default;
  // Connects and serves `exchange`; once, first of all.
  virtual void open(Exchange& exchange) = 0;
  // Serves another one, after on_response() said it may.
  virtual void serve(Exchange& exchange) = 0;
  // Whether it is closed, or the peer has closed it or sent something while no one was waiting.
  virtual bool is_stale(TimePoint now) = 0;
  // Ends it; what it serves fails with `error`. on_gone() follows later.
  virtual void abort(Error error) = 0;

  // Kept for the pool: where it belongs, and when it last fell idle.
  Origin* home = nullptr;
  TimePoint idle_since{};
};

// `proxy` may be null and must outlive the connection, as must `around` and `owner`.
std::unique_ptr<Connection> make_connection(Surroundings& around, ConnectionOwner& owner, const Target& target,
                                            const Proxy* proxy);

}  // namespace till::http
