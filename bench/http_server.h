// A small fast HTTP server for benchmarks, in a process of its own so that its CPU time is not counted.
#pragma once

#include <sys/types.h>

#include <string>

namespace till::bench {

// Answers every request on loopback with the same JSON of 1.4 KB. Ends with this object.
class BenchServer {
 public:
  // Forks, so call it before there are threads. `secure`: TLS with a throw-away certificate for localhost.
  explicit BenchServer(bool secure);
  ~BenchServer();
  BenchServer(const BenchServer&) = delete;
  BenchServer& operator=(const BenchServer&) = delete;

  std::string url() const;
  // The certificate as PEM; empty without TLS.
  const std::string& ca_file() const { return ca_file_; }

 private:
  bool secure_;
  int port_ = 0;
  pid_t child_ = 0;
  std::string ca_file_;
};

}  // namespace till::bench
