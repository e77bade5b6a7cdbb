#include "core/http/connection.h"

#include <sys/socket.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <cerrno>
#include <optional>

#include "core/http/dialer.h"
#include "core/http/response_reader.h"

namespace till::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kReadBytes = 16 * 1024;                // one TLS record; less costs system calls
constexpr auto kSurelyFresh = std::chrono::milliseconds(1);  // after which a system call is worth asking

Error transport_error(const char* code, std::string message, bool retryable) {
  Error error{ErrorKind::kTransport, code, std::move(message)};
  error.retryable = retryable;
  return error;
}

// A timer that goes with its scope, however that is left: what it rings for refers to the scope.
class ScopedTimer {
 public:
  ScopedTimer(Loop& loop, TimePoint when, Task task) : loop_(loop) {
    id_ = loop_.at(when, [this, task = std::move(task)] {
      id_.reset();
      task();
    });
  }
  ~ScopedTimer() { cancel(); }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;
  void cancel() {
    if (id_) loop_.cancel(*std::exchange(id_, std::nullopt));
  }

 private:
  Loop& loop_;
  std::optional<Loop::TimerId> id_;
};

// Life: one coroutine, run(), connects and then reads until the end, also while idle, so that a peer's closing is seen
// at once. Writing is tried at the spot; only what the socket does not take at once goes to a second coroutine.
class TcpConnection final : public Connection {
 public:
  TcpConnection(Surroundings& around, ConnectionOwner& owner, const Target& target, const Proxy* proxy)
      : around_(around),
        owner_(owner),
        target_(target),
        proxy_(proxy),
        socket_(around.loop->io()),
        dialer_(*around.loop, *around.lookups),
        reader_({around.options.max_response_bytes, around.options.max_header_bytes}) {}

  void open(Exchange& exchange) override {
    exchange_ = &exchange;
    spawn(run());
  }

  void serve(Exchange& exchange) override {
    exchange_ = &exchange;
    served_ = true;
    send_request();
  }

  bool is_stale(TimePoint now) override {
    if (closed_) return true;
    if (now - idle_since < kSurelyFresh) return false;
    char byte = 0;
    const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Over TLS late session tickets may lie there; then only an end or an error counts.
    if (got > 0) return tls_ == nullptr;
    return got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }

  void abort(Error error) override {
    fail(std::move(error));
    close();
  }

 private:
  // The coroutines.
  void spawn(asio::awaitable<void> work);
  asio::awaitable<void> run();
  asio::awaitable<Status> connect();
  asio::awaitable<Status> tunnel();
  asio::awaitable<Status> shake_hands();
  asio::awaitable<ErrorCode> write_all(std::string bytes);
  asio::awaitable<void> write_rest();
  asio::awaitable<void> read_until_closed();

  // The steps between them.
  void send_request();
  void push(std::string_view bytes);
  void may_arrive();
  bool take_in(std::size_t size);
  bool decrypt();
  bool consume();
  bool complete();
  void on_end(const ErrorCode& ended);
  void fail(Error error);
  void close();
  std::string_view buffered() const;

  Surroundings& around_;
  ConnectionOwner& owner_;
  const Target target_;
  const Proxy* const proxy_;
  tcp::socket socket_;
  Dialer dialer_;
  std::unique_ptr<TlsChannel> tls_;
  std::unique_ptr<char[]> sealed_;  // what came over the wire, when there is TLS
  boost::beast::flat_buffer plain_;
  ResponseReader reader_;
  Exchange* exchange_ = nullptr;
  std::string rest_;  // what the socket did not take yet
  int coroutines_ = 0;
  bool writing_ = false;
  bool served_ = false;
  bool closed_ = false;
};

void TcpConnection::spawn(asio::awaitable<void> work) {
  ++coroutines_;
  asio::co_spawn(around_.loop->io(), std::move(work), [this](const std::exception_ptr& thrown) {
    if (thrown) abort(internal_error("a connection's coroutine threw"));
    if (--coroutines_ == 0) owner_.on_gone(*this);
  });
}

asio::awaitable<void> TcpConnection::run() {
  const auto limit = std::chrono::milliseconds(around_.options.connect_timeout_ms);
  ScopedTimer timer(*around_.loop, std::chrono::steady_clock::now() + limit,
                    [this] { abort(transport_error("connect_timeout", "connecting took too long", true)); });
  Status opened = co_await connect();
  timer.cancel();
  const bool is_open = opened.ok();
  if (!is_open) fail(std::move(opened).error());
  if (!is_open || closed_ || exchange_ == nullptr) {
    close();
    co_return;
  }
  send_request();
  co_await read_until_closed();
  close();
}

asio::awaitable<Status> TcpConnection::connect() {
  const std::string& host = proxy_ != nullptr ? proxy_->host : target_.host;
  const std::uint16_t port = proxy_ != nullptr ? proxy_->port : target_.port;
  auto dialed = co_await dialer_.dial(host, port);
  if (!dialed.ok() && proxy_ != nullptr) dialed.error().message = "the proxy: " + dialed.error().message;
  if (!dialed.ok()) co_return std::move(dialed).error();
  if (closed_) co_return transport_error("connect", "given up", true);
  socket_ = *std::move(dialed);
  ErrorCode failed;
  socket_.non_blocking(true, failed);
  socket_.set_option(tcp::no_delay(true), failed);
  plain_.reserve(kReadBytes);
  if (proxy_ != nullptr) {
    Status open = co_await tunnel();
    if (!open.ok()) co_return std::move(open).error();
  }
  if (target_.secure) {
    Status trusted = co_await shake_hands();
    if (!trusted.ok()) co_return std::move(trusted).error();
  }
  co_return Status();
}

// CONNECT (RFC 9110, section 9.3.6). The proxy learns the host's name and port, nothing else.
asio::awaitable<Status> TcpConnection::tunnel() {
  const std::string authority = target_.authority(true);
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy_->authorization.empty()) request += "Proxy-Authorization: " + proxy_->authorization + "\r\n";
  ErrorCode failed = co_await write_all(request + "\r\n");
  reader_.start(true);
  auto state = ResponseReader::State::kMore;
  while (!failed && state == ResponseReader::State::kMore) {
    const auto room = plain_.prepare(kReadBytes);
    const std::size_t got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
    plain_.commit(got);
    std::size_t taken = 0;
    state = reader_.read(buffered(), &taken);
    plain_.consume(taken);
  }
  if (failed) co_return transport_error("proxy", "the proxy closed the connection", true);
  const int status = state == ResponseReader::State::kDone ? reader_.take().status : 0;
  if (status / 100 == 2 && plain_.size() == 0) co_return Status();
  if (status / 100 <= 2) co_return transport_error("proxy", "the proxy's answer is not well-formed", false);
  const std::string what = status == 407 ? "the proxy wants other credentials (407)"
                                         : "the proxy refused the connection (" + std::to_string(status) + ")";
  co_return transport_error("proxy", what, status >= 500);
}

asio::awaitable<Status> TcpConnection::shake_hands() {
  auto made = TlsChannel::make(*around_.tls, target_.host, target_.origin());
  if (!made.ok()) co_return std::move(made).error();
  tls_ = *std::move(made);
  sealed_ = std::make_unique<char[]>(kReadBytes + 1024);
  while (true) {
    const auto step = tls_->handshake();
    // The last flight waits for the request to go with it.
    if (step == TlsChannel::Step::kDone) co_return Status();
    ErrorCode failed;
    if (!tls_->out().empty()) {
      failed = co_await write_all(tls_->out());
      tls_->clear_out();
    }
    if (step == TlsChannel::Step::kFailed) {
      co_return transport_error("tls", "TLS: " + tls_->failure(), false);
    }
    std::size_t got = 0;
    if (!failed) {
      const auto room = asio::buffer(sealed_.get(), kReadBytes + 1024);
      got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, failed));
    }
    if (failed) co_return transport_error("tls", "TLS: the connection ended during the handshake", true);
    tls_->feed(sealed_.get(), got);
  }
}

asio::awaitable<ErrorCode> TcpConnection::write_all(std::string bytes) {
  ErrorCode failed;
  co_await asio::async_write(socket_, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
  co_return failed;
}

asio::awaitable<void> TcpConnection::read_until_closed() {
  while (!closed_) {
    ErrorCode ended;
    const auto room = tls_ ? asio::mutable_buffer(sealed_.get(), kReadBytes + 1024)
                           : asio::mutable_buffer(plain_.prepare(kReadBytes));
    const std::size_t got = co_await socket_.async_read_some(room, asio::redirect_error(asio::use_awaitable, ended));
    if (closed_) break;
    if (ended) {
      on_end(ended);
      break;
    }
    if (!take_in(got)) break;
  }
}

asio::awaitable<void> TcpConnection::write_rest() {
  while (!rest_.empty() && !closed_) {
    const ErrorCode failed = co_await write_all(std::exchange(rest_, {}));
    // A broken pipe is not the verdict: the peer may have answered before it closed, and reading will tell.
    if (failed) break;
  }
  writing_ = false;
}

void TcpConnection::send_request() {
  reader_.start(exchange_->headers_only(), exchange_->on_bytes ? &exchange_->on_bytes : nullptr);
  if (!tls_) return push(exchange_->wire);
  if (!tls_->write(exchange_->wire)) return abort(transport_error("tls", "TLS: " + tls_->failure(), false));
  push(tls_->out());
  if (tls_) tls_->clear_out();
}

// What only waits for the socket counts too: it leaves from another coroutine, and nothing else is told when.
void TcpConnection::may_arrive() {
  if (exchange_ != nullptr) exchange_->sent = std::max(exchange_->sent, Sent::kMaybe);
}

// Sends now what the socket takes and lets write_rest() send the rest.
void TcpConnection::push(std::string_view bytes) {
  if (closed_ || bytes.empty()) return;
  if (writing_) {
    may_arrive();
    rest_.append(bytes);
    return;
  }
  ErrorCode failed;
  const std::size_t sent = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
  if (failed && failed != asio::error::would_block) {
    return abort(transport_error("reset", "the connection broke before the request went out", true));
  }
  may_arrive();
  if (sent == bytes.size()) return;
  rest_.assign(bytes.substr(sent));
  writing_ = true;
  spawn(write_rest());
}

std::string_view TcpConnection::buffered() const {
  const auto data = plain_.data();
  return {static_cast<const char*>(data.data()), data.size()};
}

// What arrived is in the buffer that was offered; false: the connection is to be closed.
bool TcpConnection::take_in(std::size_t size) {
  if (!tls_) {
    plain_.commit(size);
    return consume();
  }
  tls_->feed(sealed_.get(), size);
  return decrypt();
}

bool TcpConnection::decrypt() {
  while (!closed_) {
    const auto room = plain_.prepare(kReadBytes);
    std::size_t got = 0;
    const auto step = tls_->read(static_cast<char*>(room.data()), room.size(), &got);
    if (!tls_->out().empty()) {
      push(tls_->out());
      tls_->clear_out();
    }
    if (step == TlsChannel::Step::kMore) return !closed_;
    if (step == TlsChannel::Step::kFailed) {
      fail(transport_error("tls", "TLS: " + tls_->failure(), false));
      return false;
    }
    if (got == 0) {
      on_end(asio::error::eof);
      return false;
    }
    plain_.commit(got);
    if (!consume()) return false;
  }
  return false;
}

bool TcpConnection::consume() {
  if (exchange_ == nullptr) return false;  // no one asked
  std::size_t taken = 0;
  const auto state = reader_.read(buffered(), &taken);
  plain_.consume(taken);
  if (reader_.began()) exchange_->sent = Sent::kYes;
  if (exchange_->on_bytes) owner_.on_progress(*exchange_);
  if (state == ResponseReader::State::kMore) return true;
  if (state == ResponseReader::State::kDone) return complete();
  fail(reader_.error());
  return false;
}

bool TcpConnection::complete() {
  // Whatever came behind the answer would pass for the next one.
  const bool drained = plain_.size() == 0 && (!tls_ || tls_->drained());
  const bool reusable = reader_.keep_alive() && drained && !writing_ && !closed_;
  if (!reusable) close();
  Exchange& done = *std::exchange(exchange_, nullptr);
  owner_.on_response(*this, done, reader_.take(), reusable);
  return !closed_;
}

void TcpConnection::on_end(const ErrorCode& ended) {
  if (exchange_ == nullptr) return;
  if (!reader_.began()) {
    const bool closed = ended == asio::error::eof;
    return fail(transport_error(
        "reset",
        closed ? "the connection was closed without an answer" : "the connection was reset before an answer came",
        true));
  }
  if (ended != asio::error::eof) {
    return fail(transport_error("reset", "the connection was reset in the middle of the answer", true));
  }
  // Over TLS an end without a good-bye may be an attacker's, so it does not end a body.
  const bool honest = !tls_ || tls_->peer_said_goodbye();
  if (!honest || reader_.end() != ResponseReader::State::kDone) {
    return fail(transport_error("truncated", "the connection ended in the middle of the answer", true));
  }
  close();
  Exchange& done = *std::exchange(exchange_, nullptr);
  owner_.on_response(*this, done, reader_.take(), false);
}

void TcpConnection::fail(Error error) {
  if (exchange_ == nullptr) return;
  close();
  Exchange& failed = *std::exchange(exchange_, nullptr);
  owner_.on_failure(*this, failed, std::move(error), served_);
}

void TcpConnection::close() {
  if (closed_) return;
  closed_ = true;
  dialer_.cancel();
  ErrorCode ignored;
  if (tls_ && !writing_ && socket_.is_open()) {
    tls_->say_goodbye();
    socket_.write_some(asio::buffer(tls_->out()), ignored);
    tls_->clear_out();
  }
  socket_.close(ignored);
}

}  // namespace

std::unique_ptr<Connection> make_connection(Surroundings& around, ConnectionOwner& owner, const Target& target,
                                            const Proxy* proxy) {
  return std::make_unique<TcpConnection>(around, owner, target, proxy);
}

}  // namespace till::http
