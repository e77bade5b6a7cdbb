#include "core/http/pool.h"

#include <algorithm>

namespace till::http {
namespace {

constexpr std::int64_t kFirstBackOffMs = 100;
constexpr std::int64_t kMaxBackOffMs = 2'000;

Error closed_error() { return Error{ErrorKind::kTransport, "closed", "the client was closed before an answer came"}; }

Error stopped_error() { return Error{ErrorKind::kTransport, "stopped", "the stream was stopped"}; }

Error timeout_error() {
  Error error{ErrorKind::kTransport, "timeout", "no whole answer within the time limit"};
  error.retryable = true;
  return error;
}

Error no_turn_error() {
  Error error{ErrorKind::kTransport, "timeout",
              "no connection became free in time: more requests are under way than connections are allowed to one "
              "server (max_connections_per_origin)"};
  error.retryable = true;
  return error;
}

// A callback that throws is its owner's fault, and no reason to drop a connection or to forget what comes next.
void tell(const Client::Callback& callback, Result<Response> result) noexcept {
  try {
    callback(std::move(result));
  } catch (...) {  // NOLINT(bugprone-empty-catch)
  }
}

template <class Sequence, class Value>
bool remove_one(Sequence& sequence, const Value& value) {
  const auto found = std::find(sequence.begin(), sequence.end(), value);
  if (found == sequence.end()) return false;
  sequence.erase(found);
  return true;
}

}  // namespace

Pool::Pool(Surroundings& around) : around_(around), random_(std::random_device{}()) {}
Pool::~Pool() = default;

void Pool::submit(std::unique_ptr<Exchange> exchange) {
  exchanges_.push_front(std::move(exchange));
  Exchange& added = *exchanges_.front();
  added.self = exchanges_.begin();
  if (closing_) return fail_soon(added, closed_error());
  Status ready = prepare(added.target);
  if (!ready.ok()) return fail_soon(added, std::move(ready).error());
  expire_at(added, added.deadline);
  attempt(added);
}

void Pool::stop(Client::StreamId stream) {
  const auto found = std::find_if(exchanges_.begin(), exchanges_.end(),
                                  [&](const auto& exchange) { return exchange->stream == stream; });
  if (found != exchanges_.end()) end(**found, stopped_error());
}

// What can be wrong with the options shows here, once something needs them.
Status Pool::prepare(const Target& target) {
  if (!proxies_) proxies_ = ProxyRule::make(around_.options.proxy, around_.options.no_proxy);
  if (!proxies_->ok()) return proxies_->error();
  if (!target.secure || around_.tls) return {};
  TILL_ASSIGN(around_.tls, TlsContext::make(around_.options.ca_file));
  return {};
}

Origin& Pool::origin_of(const Exchange& exchange) {
  const auto [found, added] = origins_.try_emplace(exchange.origin);
  if (added) found->second.key = exchange.origin;
  return found->second;
}

void Pool::attempt(Exchange& exchange) {
  Origin& origin = origin_of(exchange);
  const bool full = origin.connections.size() >= around_.options.max_connections_per_origin;
  Connection* const idle = exchange.wants_fresh && !full ? nullptr : take_idle(origin);
  if (idle != nullptr) {
    give(*idle, exchange);
  } else if (!full) {
    open(origin, exchange);
  } else {
    origin.line.push_back(&exchange);
    expire_at(exchange, exchange.latest_start);
  }
}

Exchange& Pool::next_in_line(Origin& origin) {
  Exchange& next = *origin.line.front();
  origin.line.pop_front();
  expire_at(next, next.deadline);
  return next;
}

void Pool::give(Connection& connection, Exchange& exchange) {
  exchange.connection = &connection;
  --exchange.attempts_left;
  connection.serve(exchange);
}

void Pool::open(Origin& origin, Exchange& exchange) {
  const Proxy* const proxy = proxies_->value().for_target(exchange.target);
  origin.connections.push_back(make_connection(around_, *this, exchange.target, proxy));
  Connection& connection = *origin.connections.back();
  connection.home = &origin;
  exchange.connection = &connection;
  --exchange.attempts_left;
  connection.open(exchange);
}

// The connection used last is the one least likely to have been closed by the peer.
Connection* Pool::take_idle(Origin& origin) {
  const auto now = std::chrono::steady_clock::now();
  const auto oldest = now - std::chrono::milliseconds(around_.options.idle_timeout_ms);
  while (!origin.idle.empty()) {
    Connection* const connection = origin.idle.back();
    origin.idle.pop_back();
    if (connection->idle_since >= oldest && !connection->is_stale(now)) return connection;
    connection->abort(closed_error());
  }
  return nullptr;
}

void Pool::go_idle(Origin& origin, Connection& connection) {
  origin.idle.push_back(&connection);
  connection.idle_since = std::chrono::steady_clock::now();
  if (origin.idle.size() > around_.options.max_idle_per_origin) {
    Connection* const oldest = origin.idle.front();
    origin.idle.erase(origin.idle.begin());
    oldest->abort(closed_error());
  }
  sweep_later();
}

void Pool::on_response(Connection& connection, Exchange& exchange, Response response, bool reusable) {
  Origin& origin = *connection.home;
  if (reusable && origin.line.empty()) {
    go_idle(origin, connection);
  } else if (reusable) {
    give(connection, next_in_line(origin));
  }
  response.repeated = exchange.repeated;
  tell(forget(exchange), std::move(response));
}

// A stream lives as long as something comes.
void Pool::on_progress(Exchange& exchange) {
  exchange.deadline = std::chrono::steady_clock::now() + exchange.idle_timeout;
  expire_at(exchange, exchange.deadline);
}

void Pool::on_failure(Connection&, Exchange& exchange, Error error, bool reused) {
  exchange.connection = nullptr;
  if (!may_retry(exchange, error)) return fail(exchange, std::move(error));
  const auto now = std::chrono::steady_clock::now();
  // A pooled connection that had gone stale says nothing about the server: no reason to wait.
  exchange.wants_fresh = reused;
  const auto when = reused ? now : now + back_off(exchange);
  if (when >= exchange.deadline) return fail(exchange, std::move(error));
  retry_at(exchange, when);
}

void Pool::on_gone(Connection& connection) {
  Origin& origin = *connection.home;
  remove_one(origin.idle, &connection);
  const auto is_it = [&](const auto& one) { return one.get() == &connection; };
  origin.connections.erase(std::find_if(origin.connections.begin(), origin.connections.end(), is_it));
  serve_line(origin);
  if (origin.connections.empty() && origin.line.empty()) origins_.erase(std::string(origin.key));
}

void Pool::serve_line(Origin& origin) {
  while (!origin.line.empty() && origin.connections.size() < around_.options.max_connections_per_origin) {
    open(origin, next_in_line(origin));
  }
}

bool Pool::leave_line(Exchange& exchange) {
  const auto origin = origins_.find(exchange.origin);
  return origin != origins_.end() && remove_one(origin->second.line, &exchange);
}

// Only the lack of an answer is tried again, and only what may be: nothing went out, or twice is as good as once.
bool Pool::may_retry(const Exchange& exchange, const Error& error) const {
  if (closing_ || !error.retryable || error.code == "timeout") return false;
  const bool may_arrive_twice = exchange.repeatable && !exchange.once;
  return exchange.attempts_left > 0 && (may_arrive_twice || exchange.sent == Sent::kNo);
}

// Doubles with each failure; a random half of it, so that many clients do not come back together.
std::chrono::milliseconds Pool::back_off(const Exchange& exchange) {
  const std::int64_t full = std::min(kMaxBackOffMs, kFirstBackOffMs << std::min(exchange.failures, 10));
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(full / 2, full)(random_));
}

void Pool::retry_at(Exchange& exchange, TimePoint when) {
  ++exchange.failures;
  exchange.repeated = exchange.sent != Sent::kNo;
  exchange.retry_timer = around_.loop->at(when, [this, &exchange] {
    exchange.retry_timer.reset();
    attempt(exchange);
  });
}

void Pool::expire_at(Exchange& exchange, TimePoint when) {
  if (exchange.deadline_timer) around_.loop->cancel(*exchange.deadline_timer);
  exchange.deadline_timer = around_.loop->at(when, [this, &exchange] {
    exchange.deadline_timer.reset();
    expire(exchange);
  });
}

void Pool::expire(Exchange& exchange) { end(exchange, leave_line(exchange) ? no_turn_error() : timeout_error()); }

void Pool::end(Exchange& exchange, Error error) {
  if (exchange.connection != nullptr) return exchange.connection->abort(std::move(error));
  leave_line(exchange);
  fail(exchange, std::move(error));
}

void Pool::fail(Exchange& exchange, Error error) {
  error.sent = exchange.sent;
  error.retryable = error.retryable && (exchange.repeatable || exchange.sent == Sent::kNo);
  if (error.kind == ErrorKind::kTransport) error.message = exchange.label() + ": " + error.message;
  tell(forget(exchange), std::move(error));
}

// For failures found within send(), whose caller does not expect to be called back yet.
void Pool::fail_soon(Exchange& exchange, Error error) {
  if (error.kind == ErrorKind::kTransport) error.message = exchange.label() + ": " + error.message;
  around_.loop->post([callback = forget(exchange), error = std::move(error)] { callback(error); });
}

Client::Callback Pool::forget(Exchange& exchange) {
  if (exchange.deadline_timer) around_.loop->cancel(*exchange.deadline_timer);
  if (exchange.retry_timer) around_.loop->cancel(*exchange.retry_timer);
  Client::Callback callback = std::move(exchange.callback);
  exchanges_.erase(exchange.self);
  return callback;
}

void Pool::sweep_later() {
  if (sweeping_) return;
  sweeping_ = true;
  const auto half = std::chrono::milliseconds(std::max<std::int64_t>(around_.options.idle_timeout_ms / 2, 10));
  around_.loop->at(std::chrono::steady_clock::now() + half, [this] { sweep(); });
}

void Pool::sweep() {
  sweeping_ = false;
  const auto oldest = std::chrono::steady_clock::now() - std::chrono::milliseconds(around_.options.idle_timeout_ms);
  bool any = false;
  for (auto& [key, origin] : origins_) {
    while (!origin.idle.empty() && origin.idle.front()->idle_since <= oldest) {
      Connection* const connection = origin.idle.front();
      origin.idle.erase(origin.idle.begin());
      connection->abort(closed_error());
    }
    any = any || !origin.idle.empty();
  }
  if (any) sweep_later();
}

void Pool::close() {
  closing_ = true;
  while (!exchanges_.empty()) end(*exchanges_.front(), closed_error());
  for (auto& [key, origin] : origins_) {
    for (auto& connection : origin.connections) connection->abort(closed_error());
  }
}

}  // namespace till::http
