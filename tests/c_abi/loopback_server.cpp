// A single-threaded epoll server: enough HTTP for a test, nothing more.

#include "tests/c_abi/loopback_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace till::test {
namespace {

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::abort();
}

// The value of `"name": value` or `Name: value`, as far as the tests need it.
std::string_view after(std::string_view text, std::string_view name, std::string_view end) {
  const auto at = text.find(name);
  if (at == std::string_view::npos) return {};
  const auto from = at + name.size();
  const auto to = text.find_first_of(end, from);
  return text.substr(from, to == std::string_view::npos ? to : to - from);
}

std::string http_reply(std::string_view status, std::string_view body) {
  std::string reply = "HTTP/1.1 ";
  reply.append(status).append("\r\nContent-Type: application/json\r\nX-Request-Id: req_1\r\nContent-Length: ");
  reply.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return reply;
}

std::string payment_json(std::string_view id, std::string_view amount, std::string_view currency) {
  std::string json = R"({"id":")";
  json.append(id).append(R"(","status":"pending","amount":)").append(amount);
  json.append(R"(,"currency":")").append(currency);
  json.append(R"(","url":"https://tiny.example/pay/)").append(id).append(R"("})");
  return json;
}

}  // namespace

LoopbackServer::LoopbackServer(std::size_t hold) : hold_(hold) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  check(listener_ >= 0, "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  check(::listen(listener_, 4096) == 0, "listen");
  socklen_t size = sizeof address;
  check(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  stop_event_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  check(epoll_ >= 0 && stop_event_ >= 0, "epoll");
  watch(listener_, false, true);
  watch(stop_event_, false, true);
}

LoopbackServer::~LoopbackServer() {
  for (const auto& [fd, connection] : connections_) ::close(fd);
  ::close(stop_event_);
  ::close(epoll_);
  ::close(listener_);
}

std::string LoopbackServer::base_url(std::string_view prefix) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(prefix);
}

void LoopbackServer::stop() {
  const std::uint64_t one = 1;
  check(::write(stop_event_, &one, sizeof one) == sizeof one, "stop");
}

void LoopbackServer::run() {
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    check(count >= 0 || errno == EINTR, "epoll_wait");
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      const int fd = event.data.fd;
      if (fd == stop_event_) return;
      if (fd == listener_) {
        accept_all();
      } else if ((event.events & EPOLLOUT) != 0 && connections_.contains(fd)) {
        write_some(fd);
      } else if (connections_.contains(fd)) {
        read_some(fd);
      }
    }
  }
}

void LoopbackServer::watch(int fd, bool writing, bool is_new) {
  epoll_event event{};
  event.events = writing ? EPOLLOUT : EPOLLIN;
  event.data.fd = fd;
  check(::epoll_ctl(epoll_, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0, "epoll_ctl");
}

void LoopbackServer::accept_all() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      check(errno == EAGAIN || errno == ECONNABORTED || errno == EINTR, "accept");
      return;
    }
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[fd] = {};
    watch(fd, false, true);
  }
}

void LoopbackServer::close_connection(int fd) {
  std::erase_if(held_, [fd](const Held& held) { return held.fd == fd; });
  connections_.erase(fd);
  ::close(fd);
}

void LoopbackServer::read_some(int fd) {
  std::array<char, 16384> buffer{};
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close_connection(fd);
  connections_[fd].in.append(buffer.data(), static_cast<std::size_t>(count));
  if (!serve(fd)) close_connection(fd);
}

void LoopbackServer::write_some(int fd) {
  auto& out = connections_[fd].out;
  const ssize_t count = ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return watch(fd, true, false);
  if (count < 0) return close_connection(fd);
  out.erase(0, static_cast<std::size_t>(count));
  watch(fd, !out.empty(), false);
}

bool LoopbackServer::serve(int fd) {
  for (;;) {
    auto& in = connections_[fd].in;
    const auto end = in.find("\r\n\r\n");
    if (end == std::string::npos) return true;
    const std::string head = in.substr(0, end + 2);
    const auto length = after(head, "Content-Length: ", "\r");
    const std::size_t body_size = length.empty() ? 0 : std::strtoul(std::string(length).c_str(), nullptr, 10);
    if (in.size() < end + 4 + body_size) return true;
    const std::string body = in.substr(end + 4, body_size);
    in.erase(0, end + 4 + body_size);
    last_request_ = head + "\r\n" + body;
    if (!answer(fd, head, body)) return false;
    if (!connections_.contains(fd)) return true;
  }
}

bool LoopbackServer::answer(int fd, std::string_view head, std::string_view body) {
  const auto method = head.substr(0, head.find(' '));
  const auto target = after(head, " ", " ");
  const auto prefix = target.substr(0, target.find('/', 1));
  const auto path = target.substr(prefix.size());
  std::string reply;
  if (after(head, "x-api-key: ", "\r") != "secret-key-of-tiny") {
    reply = http_reply("400 Bad Request", R"({"message":"no API key"})");
  } else if (prefix == "/drop") {
    return false;
  } else if (prefix == "/fail") {
    reply = http_reply("500 Internal Server Error", R"({"message":"out of order","code":"E1"})");
  } else if (prefix == "/deny") {
    reply = http_reply("401 Unauthorized", R"({"message":"who are you?"})");
  } else if (method == "POST" && path == "/payments") {
    const auto id = "t" + std::to_string(++created_);
    reply = http_reply("201 Created",
                       payment_json(id, after(body, "\"amount\":", ",}"), after(body, "\"currency\":\"", "\"")));
  } else if (method == "GET" && path.starts_with("/payments/")) {
    reply = http_reply("200 OK", payment_json(path.substr(10), "48.25", "EUR"));
  } else if (method == "GET" && path == "/check") {
    reply = http_reply("200 OK", "{}");
  } else if (method == "GET" && path.starts_with("/echo")) {
    reply = http_reply("200 OK", R"({"text":")" + std::string(after(path, "text=", "&")) + R"(","amount":150.00})");
  } else {
    reply = http_reply("404 Not Found", R"({"message":"no such thing"})");
  }
  if (prefix == "/hold" && method == "POST") {
    held_.push_back({fd, std::move(reply)});
    if (held_.size() >= hold_) release_held();
    return true;
  }
  connections_[fd].out += reply;
  write_some(fd);
  return true;
}

void LoopbackServer::release_held() {
  const auto held = std::move(held_);
  held_.clear();
  for (const auto& [fd, reply] : held) {
    if (!connections_.contains(fd)) continue;
    connections_[fd].out += reply;
    write_some(fd);
  }
}

}  // namespace till::test
