#include "core/http/server_connection.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <utility>

namespace till::http {
namespace {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using Wait = asio::posix::stream_descriptor;

// After a refusal, what the client still sends is read and dropped for so long and so far: to close at once would reset
// the connection, and the client would lose the answer (RFC 9112, section 9.6).
constexpr std::int64_t kLingerMs = 2'000;
constexpr std::size_t kLingerBytes = 4 * kMiB;

Response plain_text(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  if (status == 503) response.headers.add("Retry-After", "1");
  response.body = std::string(text) + "\n";
  return response;
}

}  // namespace

// Gives back what a request waits for.
struct Ticket {
  std::shared_ptr<Loop> loop;
  std::weak_ptr<ServerConnection> connection;
  std::uint64_t number = 0;
  std::atomic<bool> used{false};

  Ticket(std::shared_ptr<Loop> its_loop, std::weak_ptr<ServerConnection> its_connection, std::uint64_t its_number)
      : loop(std::move(its_loop)), connection(std::move(its_connection)), number(its_number) {}
  ~Ticket() {
    try {
      give(plain_text(500, "no answer"));
    } catch (...) {  // NOLINT(bugprone-empty-catch): without memory there is none to give
    }
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  void give(Response response) {
    if (used.exchange(true)) return;
    loop->post([waiting = connection, which = number, answer = std::move(response)]() mutable {
      if (const auto there = waiting.lock()) there->answer(which, std::move(answer));
    });
  }
};

void Respond::operator()(Response response) const { ticket_->give(std::move(response)); }

ServerConnection::ServerConnection(ServerShared& shared, int descriptor, std::string peer, std::size_t listener)
    : shared_(shared),
      socket_(shared.loop->io(), descriptor),
      answered_(shared.loop->io()),
      peer_(std::move(peer)),
      listener_(listener),
      context_(shared.tls_of(listener)),
      reader_(shared.options.request) {}

void ServerConnection::start() {
  set_idle(true);
  spawn(serve());
}

void ServerConnection::turn_away() { spawn(refuse_at_once()); }

void ServerConnection::spawn(Task<void> work) {
  asio::co_spawn(shared_.loop->io(), std::move(work), [self = shared_from_this()](const std::exception_ptr&) {
    self->close();
    self->gone();
  });
}

void ServerConnection::gone() {
  shared_.buffered -= std::exchange(counted_, 0);
  shared_.turned_away.erase(shared_from_this());
  if (shared_.connections.erase(shared_from_this()) > 0) --shared_.open;
  shared_.on_gone();
}

void ServerConnection::close() {
  if (closed_) return;
  closed_ = true;
  set_idle(false);
  clear_deadline();
  ErrorCode ignored;
  if (tls_) {
    tls_->say_goodbye();
    // Lost when the client takes nothing: it has its answer, or is not to have one.
    ::send(socket_.native_handle(), tls_->out().data(), tls_->out().size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  socket_.close(ignored);
  answered_.cancel();
}

void ServerConnection::finish() {
  finishing_ = true;
  if (idle_ && !closed_) socket_.cancel();  // wait_for_request() looks once more
}

void ServerConnection::answer(std::uint64_t number, Response response) {
  if (number != number_ || response_ || closed_) return;
  response_ = std::move(response);
  answered_.cancel();
}

// Each co_await is a statement of its own: g++ 12 destroys an awaitable that is part of a condition, awaited or not.
asio::awaitable<void> ServerConnection::serve() {
  set_deadline(shared_.options.header_timeout_ms);
  bool open = true;
  if (context_ != nullptr) open = co_await shake_hands();
  while (open) {
    open = co_await wait_for_request();
    if (open) open = co_await read_request();
    if (open) open = co_await handle_request();
  }
}

asio::awaitable<void> ServerConnection::refuse_at_once() {
  set_deadline(kLingerMs);
  co_await refuse(503, "too_many_connections");
}

asio::awaitable<bool> ServerConnection::shake_hands() {
  auto made = TlsChannel::accept(*context_);
  if (!made.ok()) co_return false;
  tls_ = *std::move(made);
  while (true) {
    const auto step = tls_->handshake();
    std::string flight = tls_->out();
    tls_->clear_out();
    const bool sent = co_await send(std::move(flight));
    if (step == TlsChannel::Step::kFailed) tell(0, "tls");
    if (!sent || step == TlsChannel::Step::kFailed) co_return false;
    if (step == TlsChannel::Step::kDone) break;
    ssize_t got = -1;
    while (!closed_ && !expired_) {
      got = ::recv(socket_.native_handle(), shared_.scratch.get(), ServerShared::kReadBytes, 0);
      if (got >= 0 || (errno != EAGAIN && errno != EINTR)) break;
      if (finishing_) co_return false;
      co_await until_ready(Wait::wait_read);
    }
    if (expired_) tell(0, "tls_timeout");
    if (got <= 0) co_return false;
    tls_->feed(shared_.scratch.get(), static_cast<std::size_t>(got));
  }
  // A request may have come with the last flight.
  co_return take_in(0);
}

// Until the first byte of the next request. False: there is none to come.
asio::awaitable<bool> ServerConnection::wait_for_request() {
  reader_.start();
  if (served_) set_deadline(shared_.options.idle_timeout_ms);
  if (in_.empty()) {
    set_idle(true);
    const bool came = co_await read_more();
    set_idle(false);
    if (!came) co_return false;
  }
  set_idle(false);
  if (served_) set_deadline(shared_.options.header_timeout_ms);
  co_return true;
}

// False: the connection is to end; a refusal has been sent.
asio::awaitable<bool> ServerConnection::read_request() {
  std::string_view late = "header_timeout";
  while (true) {
    std::size_t taken = 0;
    const auto state = reader_.read(in_, &taken);
    in_.erase(0, taken);
    if (state == RequestReader::State::kDone) break;
    if (state == RequestReader::State::kFailed) {
      const RequestReader::Refusal why = reader_.refusal();
      co_await refuse(why.status, why.reason);
      co_return false;
    }
    if (!within_memory()) {
      co_await refuse(503, "too_many_bytes");
      co_return false;
    }
    if (state == RequestReader::State::kBody) {
      late = "body_timeout";
      set_deadline(shared_.options.body_timeout_ms);
      const bool asked_for = reader_.expects_continue() && in_.empty();
      if (asked_for) co_await write("HTTP/1.1 100 Continue\r\n\r\n");  // a failure shows below
      if (!in_.empty()) continue;
    }
    const bool came = co_await read_more();
    if (came) continue;
    if (expired_ && !closed_) co_await refuse(408, late);
    co_return false;
  }
  clear_deadline();
  co_return true;
}

// False: the connection is to end.
asio::awaitable<bool> ServerConnection::handle_request() {
  InboundRequest request = reader_.take();
  request.peer = peer_;
  request.listener = listener_;
  request.secure = tls_ != nullptr;
  const bool head = request.method == "HEAD";
  ++number_;
  ++shared_.requests;
  response_.reset();
  {
    const Respond respond(std::make_shared<Ticket>(shared_.loop, weak_from_this(), number_));
    try {
      shared_.handler(std::move(request), respond);
    } catch (const std::exception&) {
      respond(plain_text(500, "internal error"));
    }
  }
  answered_.expires_at(TimePoint::max());
  while (!response_ && !closed_) {
    ErrorCode woken;
    co_await answered_.async_wait(asio::redirect_error(asio::use_awaitable, woken));
  }
  if (closed_) co_return false;
  shared_.buffered -= std::exchange(counted_, 0);
  const bool keep_alive = reader_.keep_alive() && !finishing_;
  const UnixMillis now = shared_.options.clock->now_ms();
  std::optional<std::string> text = write_response(*response_, keep_alive, head, now);
  if (!text) text = write_response(plain_text(500, "internal error"), keep_alive, head, now);
  response_.reset();
  set_deadline(shared_.options.write_timeout_ms);
  const bool sent = co_await write(*std::move(text));
  if (!sent && expired_) tell(0, "write_timeout");
  served_ = true;
  if (sent && !keep_alive) co_await linger(false);
  co_return sent&& keep_alive;
}

asio::awaitable<void> ServerConnection::refuse(int status, std::string_view reason) {
  tell(status, reason);
  if (tls_ == nullptr && context_ != nullptr) co_return;  // there is no way to say it yet
  set_deadline(kLingerMs);
  shared_.buffered -= std::exchange(counted_, 0);
  const auto text = write_response(plain_text(status, reason), false, false, shared_.options.clock->now_ms());
  const bool sent = co_await write(*text);
  if (sent) co_await linger(true);
}

// Ends the sending half, and reads what the client has sent and, when `patient`, still sends, so that it can read the
// answer.
asio::awaitable<void> ServerConnection::linger(bool patient) {
  set_deadline(kLingerMs);
  if (tls_) {
    tls_->say_goodbye();
    std::string goodbye = tls_->out();
    tls_->clear_out();
    co_await send(std::move(goodbye));
  }
  if (closed_) co_return;
  ::shutdown(socket_.native_handle(), SHUT_WR);
  std::size_t dropped = 0;
  while (!closed_ && !expired_ && dropped < kLingerBytes) {
    const ssize_t got = ::recv(socket_.native_handle(), shared_.scratch.get(), ServerShared::kReadBytes, 0);
    if (got > 0) dropped += static_cast<std::size_t>(got);
    if (got > 0 || (got < 0 && errno == EINTR)) continue;
    if (got == 0 || errno != EAGAIN || !patient) break;
    co_await until_ready(Wait::wait_read);
  }
}

// Until in_ has grown. False: the client is gone, the deadline is over, or the server closes and nothing has come.
asio::awaitable<bool> ServerConnection::read_more() {
  const std::size_t before = in_.size();
  while (!closed_ && !expired_) {
    const ssize_t got = ::recv(socket_.native_handle(), shared_.scratch.get(), ServerShared::kReadBytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0 || (got < 0 && errno != EAGAIN)) co_return false;
    if (got > 0) {
      if (!take_in(static_cast<std::size_t>(got))) co_return false;
      if (in_.size() > before) co_return true;
      continue;
    }
    if (finishing_ && idle_) co_return false;
    co_await until_ready(Wait::wait_read);
  }
  co_return false;
}

// `size` bytes of scratch are moved into in_. False when the connection is broken.
bool ServerConnection::take_in(std::size_t size) {
  if (!tls_) {
    in_.append(shared_.scratch.get(), size);
    return true;
  }
  if (size > 0) tls_->feed(shared_.scratch.get(), size);
  char plain[4 * kKiB];
  while (true) {
    std::size_t got = 0;
    const auto step = tls_->read(plain, sizeof plain, &got);
    if (step == TlsChannel::Step::kMore) return true;
    if (step == TlsChannel::Step::kFailed || got == 0) return false;
    in_.append(plain, got);
  }
}

asio::awaitable<bool> ServerConnection::write(std::string text) {
  if (!tls_) co_return co_await send(std::move(text));
  if (!tls_->write(text)) co_return false;
  std::string sealed = tls_->out();
  tls_->clear_out();
  co_return co_await send(std::move(sealed));
}

asio::awaitable<bool> ServerConnection::send(std::string bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    if (closed_ || expired_) co_return false;
    const ssize_t sent = ::send(socket_.native_handle(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent > 0) rest.remove_prefix(static_cast<std::size_t>(sent));
    if (sent > 0 || errno == EINTR) continue;
    if (errno != EAGAIN) co_return false;
    co_await until_ready(Wait::wait_write);
  }
  co_return true;
}

asio::awaitable<void> ServerConnection::until_ready(Wait::wait_type what) {
  ErrorCode ended;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, ended));
}

// Counts what this connection holds; false when all of them together hold too much.
bool ServerConnection::within_memory() {
  const std::size_t held = in_.size() + reader_.held();
  shared_.buffered += held - counted_;
  counted_ = held;
  return shared_.buffered <= shared_.options.max_buffered_bytes;
}

void ServerConnection::tell(int status, std::string_view reason) {
  ++shared_.refused;
  if (shared_.options.on_refusal) shared_.options.on_refusal({status, reason, peer_, listener_});
}

void ServerConnection::set_deadline(std::int64_t after_ms) {
  clear_deadline();
  const auto when = std::chrono::steady_clock::now() + std::chrono::milliseconds(after_ms);
  deadline_ = shared_.loop->at(when, [this] {
    deadline_.reset();
    expired_ = true;
    socket_.cancel();
  });
}

void ServerConnection::clear_deadline() {
  expired_ = false;
  if (deadline_) shared_.loop->cancel(*std::exchange(deadline_, std::nullopt));
}

void ServerConnection::set_idle(bool idle) {
  if (idle == idle_.has_value()) return;
  if (idle) {
    idle_ = shared_.idle.insert(shared_.idle.end(), this);
  } else {
    shared_.idle.erase(*std::exchange(idle_, std::nullopt));
  }
}

}  // namespace till::http
