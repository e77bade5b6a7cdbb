#include "tests/http/stub_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace till::http {

Peer::~Peer() {
  if (ssl_ != nullptr) SSL_free(ssl_);
}

bool Peer::secure(SSL_CTX* context) {
  ssl_ = SSL_new(context);
  SSL_set_fd(ssl_, socket_);
  const bool done = SSL_accept(ssl_) == 1;
  ERR_clear_error();
  return done;
}

std::string Peer::read_some(std::size_t size) {
  if (!buffer_.empty()) return std::exchange(buffer_, {});
  std::string bytes(size, '\0');
  const auto got =
      ssl_ != nullptr ? SSL_read(ssl_, bytes.data(), static_cast<int>(size)) : ::recv(socket_, bytes.data(), size, 0);
  ERR_clear_error();
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

std::string Peer::read_request() {
  std::string request;
  while (true) {
    const auto end = request.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto field = request.find("Content-Length: ");
      const std::size_t body = field < end ? std::strtoul(request.c_str() + field + 16, nullptr, 10) : 0;
      if (request.size() >= end + 4 + body) {
        buffer_ = request.substr(end + 4 + body);
        return request.substr(0, end + 4 + body);
      }
    }
    const std::string more = read_some();
    if (more.empty()) return {};
    request += more;
  }
}

bool Peer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                      : ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ERR_clear_error();
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Peer::answer(std::string_view body, int status, std::string_view more_headers) {
  std::string head =
      "HTTP/1.1 " + std::to_string(status) + " OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  return send(head.append(more_headers).append("\r\n").append(body));
}

void Peer::reset() {
  const linger hard{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

void Peer::finish() {
  if (ssl_ != nullptr) SSL_shutdown(ssl_);
  ::shutdown(socket_, SHUT_WR);
}

void Signal::give() {
  const std::lock_guard lock(mutex_);
  given_ = true;
  changed_.notify_all();
}

bool Signal::wait() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return given_; });
}

int listen_on(const std::string& address, int port, int backlog, int* bound_port) {
  sockaddr_in6 v6{};
  sockaddr_in v4{};
  const bool is_v6 = address.find(':') != std::string::npos;
  if (is_v6) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr);
  } else {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address.c_str(), &v4.sin_addr);
  }
  auto* const name = is_v6 ? reinterpret_cast<sockaddr*>(&v6) : reinterpret_cast<sockaddr*>(&v4);
  socklen_t size = is_v6 ? sizeof v6 : sizeof v4;
  const int listener = ::socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(listener, name, size) != 0 || ::listen(listener, backlog) != 0) {
    ::close(listener);
    throw std::runtime_error("cannot listen on " + address);
  }
  ::getsockname(listener, name, &size);
  *bound_port = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
  return listener;
}

StubServer::StubServer(Handler handler, Options options) : handler_(std::move(handler)), options_(std::move(options)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's sockets have no MSG_NOSIGNAL
  listener_ = listen_on(options_.address, options_.port, 4096, &port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

StubServer::~StubServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  ::close(listener_);
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
}

std::string StubServer::url(std::string_view path) const {
  const std::string host =
      options_.address.find(':') == std::string::npos ? options_.address : "[" + options_.address + "]";
  return (options_.context != nullptr ? "https://" : "http://") + host + ":" + std::to_string(port_) +
         std::string(path);
}

void StubServer::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const std::lock_guard lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void StubServer::serve(int socket) {
  ++connections_;
  {
    Peer peer(socket, nullptr);
    if (options_.context == nullptr || peer.secure(options_.context)) handler_(peer);
  }
  const std::lock_guard lock(mutex_);
  std::erase(sockets_, socket);
  ::close(socket);
}

}  // namespace till::http
