#include "core/http/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

namespace till::http {

struct TcpAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
  bool is_v6 = false;
};

namespace {

constexpr std::string_view kUnix = "unix:";
// Of connections that were made and not accepted yet; the system may allow fewer.
constexpr int kBacklog = 4096;

Error listen_error(std::string_view address, const std::string& why) {
  Error error = configuration_error("address", "cannot listen on " + std::string(address) + ": " + why);
  error.code = "listen";
  return error;
}

Error system_error(std::string_view address, int number) {
  return listen_error(address, std::error_code(number, std::generic_category()).message());
}

std::optional<TcpAddress> parse_tcp(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  TcpAddress address;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, failed] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (failed != std::errc() || end != port.data() + port.size()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  address.is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (address.is_v6) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(address.is_v6 ? AF_INET6 : AF_INET, address.host.c_str(), bytes.data()) != 1) return std::nullopt;
  return address;
}

constexpr const char* kForms = "expected \"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:/path\"";

Status check_path(std::string_view address, std::string_view path) {
  if (path.empty() || path.front() != '/') return listen_error(address, "the path of a Unix socket begins with /");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return listen_error(address, "the path of a Unix socket has at most 107 bytes");
  return {};
}

sockaddr_un unix_name(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.data(), path.size());
  return name;
}

// Whether the file at `path` is a socket that nobody listens on: left over from a process that ended.
bool is_stale(const std::string& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const sockaddr_un name = unix_name(path);
  const int connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  const bool refused = connected != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

std::string text_of(const sockaddr_storage& name) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (name.ss_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(name).sin_addr, text.data(), text.size());
  } else if (name.ss_family == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6&>(name).sin6_addr;
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&address);
    if (is_v4)
      ::inet_ntop(AF_INET, &address.s6_addr[12], text.data(), text.size());
    else
      ::inet_ntop(AF_INET6, &address, text.data(), text.size());
  } else {
    return "unix";
  }
  return text.data();
}

}  // namespace

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      address_(std::move(other.address_)),
      path_(std::move(other.path_)),
      inode_(other.inode_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(address_, other.address_);
  std::swap(path_, other.path_);
  std::swap(inode_, other.inode_);
  return *this;
}

Listener::~Listener() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  struct stat found {};
  if (!path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_ino == inode_) ::unlink(path_.c_str());
}

Status Listener::check(std::string_view address) {
  if (address.starts_with(kUnix)) return check_path(address, address.substr(kUnix.size()));
  if (!parse_tcp(address)) return listen_error(address, kForms);
  return {};
}

Result<Listener> Listener::open(std::string_view address) {
  TILL_TRY(check(address));
  if (address.starts_with(kUnix)) return open_unix(std::string(address.substr(kUnix.size())));
  return open_tcp(*parse_tcp(address));
}

Result<Listener> Listener::open_tcp(const TcpAddress& address) {
  const std::string host = address.is_v6 ? "[" + address.host + "]" : address.host;
  Listener made;
  made.address_ = host + ":" + std::to_string(address.port);
  sockaddr_storage name{};
  socklen_t size = 0;
  if (address.is_v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    ::inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr);
    size = sizeof v6;
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(name);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    ::inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
    size = sizeof v4;
  }
  made.descriptor_ = ::socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (made.descriptor_ < 0) return system_error(made.address_, errno);
  const int on = 1;
  ::setsockopt(made.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // a restart need not wait a minute
  if (::bind(made.descriptor_, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
      ::listen(made.descriptor_, kBacklog) != 0)
    return system_error(made.address_, errno);
  ::getsockname(made.descriptor_, reinterpret_cast<sockaddr*>(&name), &size);
  const auto port =
      address.is_v6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port : reinterpret_cast<sockaddr_in&>(name).sin_port;
  made.address_ = host + ":" + std::to_string(ntohs(port));
  return made;
}

Result<Listener> Listener::open_unix(const std::string& path) {
  Listener made;
  made.address_ = std::string(kUnix) + path;
  if (is_stale(path)) ::unlink(path.c_str());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return system_error(made.address_, errno);
  const sockaddr_un name = unix_name(path);
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    const int failed = errno;
    ::close(descriptor);
    return system_error(made.address_, failed);
  }
  made.descriptor_ = descriptor;
  made.path_ = path;
  struct stat file {};
  // Nobody can connect before listen(), so the file is never there for others.
  if (::lstat(path.c_str(), &file) != 0 || ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
    return system_error(made.address_, errno);
  made.inode_ = file.st_ino;
  if (::listen(descriptor, kBacklog) != 0) return system_error(made.address_, errno);
  return made;
}

int Listener::accept(std::string* peer) const {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  const int socket = ::accept4(descriptor_, reinterpret_cast<sockaddr*>(&name), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (socket < 0) return -1;
  *peer = text_of(name);
  if (!is_unix()) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return socket;
}

}  // namespace till::http
