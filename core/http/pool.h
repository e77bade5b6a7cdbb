// Pool: keeps connections per origin and decides which exchange goes where, when it is tried again and when it ends.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/http/connection.h"
#include "core/http/exchange.h"

namespace till::http {

// One origin's connections, the freshest idle one last, and the exchanges that wait for one, in order of arrival.
struct Origin {
  std::string key;
  std::vector<std::unique_ptr<Connection>> connections;
  std::vector<Connection*> idle;
  std::deque<Exchange*> line;
};

// On the loop's thread only. `around` must outlive it.
class Pool final : private ConnectionOwner {
 public:
  explicit Pool(Surroundings& around);
  ~Pool();

  // Takes the exchange and calls it back once, later or now.
  void submit(std::unique_ptr<Exchange> exchange);
  // Ends the stream with kTransport "stopped"; nothing when it has ended.
  void stop(Client::StreamId stream);
  // Fails everything with kTransport "closed" and closes every connection; what comes later fails at once.
  void close();

 private:
  void on_response(Connection& connection, Exchange& exchange, Response response, bool reusable) override;
  void on_progress(Exchange& exchange) override;
  void on_failure(Connection& connection, Exchange& exchange, Error error, bool reused) override;
  void on_gone(Connection& connection) override;

  void attempt(Exchange& exchange);
  Origin& origin_of(const Exchange& exchange);
  Connection* take_idle(Origin& origin);
  void give(Connection& connection, Exchange& exchange);
  void open(Origin& origin, Exchange& exchange);
  void go_idle(Origin& origin, Connection& connection);
  void serve_line(Origin& origin);
  Exchange& next_in_line(Origin& origin);
  bool leave_line(Exchange& exchange);  // whether it stood there
  bool may_retry(const Exchange& exchange, const Error& error) const;
  std::chrono::milliseconds back_off(const Exchange& exchange);
  void retry_at(Exchange& exchange, TimePoint when);
  void expire_at(Exchange& exchange, TimePoint when);
  void expire(Exchange& exchange);
  void end(Exchange& exchange, Error error);
  void fail(Exchange& exchange, Error error);
  void fail_soon(Exchange& exchange, Error error);
  Client::Callback forget(Exchange& exchange);
  Status prepare(const Target& target);
  void sweep_later();
  void sweep();

  Surroundings& around_;
  std::optional<Result<ProxyRule>> proxies_;
  std::unordered_map<std::string, Origin> origins_;
  std::list<std::unique_ptr<Exchange>> exchanges_;
  std::minstd_rand random_;
  bool sweeping_ = false;
  bool closing_ = false;
};

}  // namespace till::http
