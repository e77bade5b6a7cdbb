// Listener: a socket that others connect to, over TCP or a Unix socket; raw descriptors, no loop.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till::http {

// One open listening socket. Move-only; closes it, and removes the file of a Unix socket unless another took its place.
class Listener {
 public:
  // `address` is "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:443" (port 0: any free one), or "unix:/run/till/api.sock". A
  // Unix socket has mode 0600 from its first moment. A socket file that nobody listens on any more is replaced.
  // kConfiguration, code "listen": the address cannot be read, is in use or may not be used.
  static Result<Listener> open(std::string_view address);
  // Whether `address` can be read, nothing opened. The same error.
  static Status check(std::string_view address);
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Non-blocking.
  int descriptor() const { return descriptor_; }
  // The address with the port that was given.
  const std::string& address() const { return address_; }
  bool is_unix() const { return !path_.empty(); }

  // Takes one connection that waits: its descriptor, non-blocking; -1 with errno when there is none. `*peer` becomes
  // the address of who connected, without a port; "unix" over a Unix socket.
  int accept(std::string* peer) const;

 private:
  Listener() = default;
  static Result<Listener> open_tcp(const struct TcpAddress& address);
  static Result<Listener> open_unix(const std::string& path);

  int descriptor_ = -1;
  std::string address_;
  std::string path_;         // of a Unix socket
  unsigned long inode_ = 0;  // of the file at that path, as it was made
};

}  // namespace till::http
