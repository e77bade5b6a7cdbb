#include "tests/http/caller.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace till::http {
namespace {

constexpr int kPatienceMs = 10'000;

}  // namespace

Caller::Caller(const std::string& address) {
  if (!connect(address)) throw std::runtime_error("cannot connect to " + address);
}

Caller::Caller() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

Caller::Caller(Caller&& other) noexcept : socket_(std::exchange(other.socket_, -1)), in_(std::move(other.in_)) {}

Caller::~Caller() {
  if (socket_ >= 0) ::close(socket_);
}

bool Caller::connect(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, address.c_str() + 5, sizeof name.sun_path - 1);
    if (socket_ < 0) socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ::connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }
  if (address.starts_with("[")) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
    ::inet_pton(AF_INET6, address.substr(1, address.find(']') - 1).c_str(), &name.sin6_addr);
    if (socket_ < 0) socket_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return ::connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
  }
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(std::atoi(address.c_str() + address.rfind(':') + 1)));
  ::inet_pton(AF_INET, address.substr(0, address.rfind(':')).c_str(), &name.sin_addr);
  if (socket_ < 0) socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return ::connect(socket_, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0;
}

bool Caller::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool Caller::read_some() {
  pollfd ready{socket_, POLLIN, 0};
  if (::poll(&ready, 1, kPatienceMs) != 1) throw std::runtime_error("the server says nothing");
  char bytes[16 * 1024];
  const auto got = ::recv(socket_, bytes, sizeof bytes, 0);
  if (got <= 0) return false;
  in_.append(bytes, static_cast<std::size_t>(got));
  return true;
}

std::string Caller::read_answer(bool head) {
  while (true) {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const std::size_t field = in_.find("Content-Length: ");
      const std::size_t body = !head && field < end ? std::strtoul(in_.c_str() + field + 16, nullptr, 10) : 0;
      if (in_.size() >= end + 4 + body) {
        std::string answer = in_.substr(0, end + 4 + body);
        in_.erase(0, end + 4 + body);
        return answer;
      }
    }
    if (!read_some()) return std::exchange(in_, {});
  }
}

std::string Caller::read_all() {
  while (read_some()) continue;
  return std::exchange(in_, {});
}

bool Caller::is_closed() { return in_.empty() && !read_some(); }

void Caller::finish() { ::shutdown(socket_, SHUT_WR); }

int status_of(std::string_view answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::atoi(std::string(answer.substr(9, 3)).c_str()) : 0;
}

std::string body_of(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(answer.substr(end + 4));
}

}  // namespace till::http
