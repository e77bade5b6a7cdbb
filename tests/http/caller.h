// A client that sends whatever bytes a test wants, over TCP or a Unix socket.
#pragma once

#include <string>
#include <string_view>

namespace till::http {

// One blocking connection. Reading gives up after ten seconds.
class Caller {
 public:
  // "127.0.0.1:8080" or "unix:/path", as Server::addresses() has it. Throws when there is no connection.
  explicit Caller(const std::string& address);
  // A socket that is connected later, by connect().
  Caller();
  ~Caller();
  Caller(Caller&& other) noexcept;
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  // False when the server refuses, and errno says why.
  bool connect(const std::string& address);
  // False when the server is gone.
  bool send(std::string_view bytes);
  // One whole answer, header and body by its Content-Length; what came before the end when the server closed.
  std::string read_answer(bool head = false);
  // Everything until the server closes.
  std::string read_all();
  // True when the server has closed, or closes within ten seconds, without a further byte.
  bool is_closed();
  // Sends no more.
  void finish();
  int socket() const { return socket_; }

 private:
  bool read_some();

  int socket_ = -1;
  std::string in_;
};

// The status of an answer; 0 for none.
int status_of(std::string_view answer);
// What stands behind its header.
std::string body_of(std::string_view answer);

}  // namespace till::http
