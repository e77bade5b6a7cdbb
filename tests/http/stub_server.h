// A server on loopback that does what each test tells it, byte by byte; and what goes with it: certificates, signals.
#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace till::http {

// One accepted connection, blocking; used on its own thread.
class Peer {
 public:
  Peer(int socket, SSL* ssl) : socket_(socket), ssl_(ssl) {}
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // One whole request, header and body; empty when the client closed.
  std::string read_request();
  // Up to `size` bytes; empty at the end.
  std::string read_some(std::size_t size = 16 * 1024);
  // False when the client is gone.
  bool send(std::string_view bytes);
  // "HTTP/1.1 200 OK" with this body and a Content-Length.
  bool answer(std::string_view body, int status = 200, std::string_view more_headers = "");
  // An RST instead of a FIN when the connection goes.
  void reset();
  // A FIN now.
  void finish();
  int socket() const { return socket_; }
  SSL* ssl() const { return ssl_; }
  // Begins TLS inside; false when the handshake failed.
  bool secure(SSL_CTX* context);

 private:
  int socket_;
  SSL* ssl_;
  std::string buffer_;
};

// Something that happens once, for threads to wait for instead of sleeping.
class Signal {
 public:
  void give();
  // False after ten seconds: the test is to fail.
  bool wait();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool given_ = false;
};

// Serves each connection on a thread of its own with `handler`, until it is destroyed.
class StubServer {
 public:
  using Handler = std::function<void(Peer&)>;
  struct Options {
    std::string address = "127.0.0.1";
    int port = 0;                // 0: any free one
    SSL_CTX* context = nullptr;  // TLS when set; borrowed
  };
  explicit StubServer(Handler handler) : StubServer(std::move(handler), Options()) {}
  StubServer(Handler handler, Options options);
  ~StubServer();

  int port() const { return port_; }
  std::string url(std::string_view path = "/") const;
  int connections() const { return connections_.load(); }
  int requests() const { return requests_.load(); }
  void count_request() { ++requests_; }

 private:
  void accept_all();
  void serve(int socket);

  const Handler handler_;
  const Options options_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::mutex mutex_;
  std::vector<std::thread> threads_;  // and below: guarded by mutex_
  std::vector<int> sockets_;
  bool closing_ = false;
  std::thread acceptor_;
};

// A listening TCP socket and its port.
int listen_on(const std::string& address, int port, int backlog, int* bound_port);

// What certificates say, for make_context().
struct CertificateOptions {
  std::string names = "DNS:localhost,IP:127.0.0.1,IP:::1";  // subjectAltName; empty: none
  std::string common_name = "test server";
  long not_after_s = 3600;  // from now
  bool self_signed = false;
  int max_version = 0;  // e.g. TLS1_1_VERSION; 0: the newest
};

// A throw-away authority, and servers' contexts with certificates that it signed.
class Authority {
 public:
  Authority();
  ~Authority();
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  // The path of its certificate as PEM.
  const std::string& ca_file() const { return ca_file_; }
  // A server's certificate with the default options, and its key, as PEM.
  const std::string& cert_file() const { return cert_file_; }
  const std::string& key_file() const { return key_file_; }
  std::shared_ptr<SSL_CTX> make_context(const CertificateOptions& options = CertificateOptions());

 private:
  EVP_PKEY* key_;
  X509* certificate_;
  std::string ca_file_, cert_file_, key_file_;
};

}  // namespace till::http
