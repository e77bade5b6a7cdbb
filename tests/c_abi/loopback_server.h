// LoopbackServer: a small HTTP/1.1 server on 127.0.0.1 that plays the provider "tiny", on one thread, for thousands of
// connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace till::test {

// Answers POST .../payments, GET .../payments/ID, GET .../check and GET .../echo below these prefixes:
//   /now   at once
//   /hold  POSTs only when `hold` of them are waiting at the same time
//   /fail  500
//   /deny  401
//   /drop  closes the connection after it has read the request
// and 400 to any request without its API key.
class LoopbackServer {
 public:
  // Listens at once; `hold` is for /hold.
  explicit LoopbackServer(std::size_t hold = 1);
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  // "http://127.0.0.1:PORT" + prefix, for a gateway's base_url.
  std::string base_url(std::string_view prefix) const;
  // Serves until stop(), on the calling thread.
  void run();
  // From any thread.
  void stop();
  // The last request that was read, whole; for one client at a time.
  std::string last_request() const { return last_request_; }
  // Payments that were created.
  std::size_t created() const { return created_.load(); }

 private:
  struct Connection {
    std::string in, out;
  };
  struct Held {
    int fd;
    std::string reply;
  };
  void accept_all();
  void read_some(int fd);
  void write_some(int fd);
  // Takes whole requests off `in`; false when the connection is to be closed.
  bool serve(int fd);
  bool answer(int fd, std::string_view head, std::string_view body);
  void release_held();
  void close_connection(int fd);
  void watch(int fd, bool writing, bool is_new);

  int listener_ = -1;
  int epoll_ = -1;
  int stop_event_ = -1;
  int port_ = 0;
  std::size_t hold_;
  std::map<int, Connection> connections_;
  std::vector<Held> held_;
  std::string last_request_;
  std::atomic<std::size_t> created_{0};
};

}  // namespace till::test
