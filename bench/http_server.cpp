#include "bench/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>

namespace till::bench {
namespace {

// As a payment service answers: some headers, a nested object.
std::string make_answer() {
  std::string body = R"({"success":true,"data":{"id":"pl_8fJ2kQ","amount":150.00,"currency":"BZD","items":[)";
  for (int i = 0; i < 12; ++i) {
    body += R"({"name":"item )" + std::to_string(i) + R"(","quantity":1,"price":12.50,"sku":"SKU-000)" +
            std::to_string(i) + R"(","description":"a thing that is sold"},)";
  }
  body.back() = ']';
  body += R"(,"status":"pending"}})";
  return "HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 22:50:00 GMT\r\nServer: bench\r\nContent-Type: application/json; "
         "charset=utf-8\r\nX-RateLimit-Limit: 100\r\nX-RateLimit-Remaining: 99\r\nX-Request-Id: "
         "0f8fad5b-d9cb-469f-a165-70867728950e\r\nStrict-Transport-Security: max-age=31536000\r\nConnection: "
         "keep-alive\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

class Session {
 public:
  Session(int socket, SSL_CTX* context, const std::string& answer) : socket_(socket), answer_(answer) {
    if (context == nullptr) return;
    ssl_.reset(SSL_new(context));
    SSL_set_fd(ssl_.get(), socket);
    SSL_set_accept_state(ssl_.get());
  }
  ~Session() { ::close(socket_); }

  // False when the client is gone.
  bool serve() {
    while (true) {
      const long got = receive();
      if (got <= 0) return got == kLater;
      pending_.append(bytes_.data(), static_cast<std::size_t>(got));
      while (take_request()) {
        if (!send()) return false;
      }
      if (got < static_cast<long>(bytes_.size()) && !ssl_) return true;
    }
  }

 private:
  static constexpr long kLater = -2;

  long receive() {
    if (!ssl_) {
      const auto got = ::recv(socket_, bytes_.data(), bytes_.size(), MSG_DONTWAIT);
      return got < 0 && errno == EAGAIN ? kLater : got;
    }
    ERR_clear_error();  // another session's trouble
    const int got = SSL_read(ssl_.get(), bytes_.data(), static_cast<int>(bytes_.size()));
    if (got > 0) return got;
    return SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ ? kLater : 0;
  }

  bool send() {
    const auto size = answer_.size();
    if (ssl_) return SSL_write(ssl_.get(), answer_.data(), static_cast<int>(size)) > 0;
    return ::send(socket_, answer_.data(), size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }

  bool take_request() {
    const auto end = pending_.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const auto field = pending_.find("Content-Length: ");
    const std::size_t body = field < end ? std::strtoul(pending_.c_str() + field + 16, nullptr, 10) : 0;
    if (pending_.size() < end + 4 + body) return false;
    pending_.erase(0, end + 4 + body);
    return true;
  }

  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int socket_;
  const std::string& answer_;
  std::unique_ptr<SSL, Free> ssl_;
  std::string pending_;
  std::array<char, 4096> bytes_{};
};

[[noreturn]] void serve_for_ever(int listener, SSL_CTX* context) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  const std::string answer = make_answer();
  std::map<int, std::unique_ptr<Session>> sessions;
  const int poll = ::epoll_create1(0);
  auto watch = [&](int socket) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = socket;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, socket, &event);
  };
  watch(listener);
  std::array<epoll_event, 64> events{};
  while (true) {
    const int count = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      if (socket != listener) {
        if (!sessions[socket]->serve()) sessions.erase(socket);
        continue;
      }
      const int added = ::accept4(listener, nullptr, nullptr, context != nullptr ? SOCK_NONBLOCK : 0);
      if (added < 0) continue;
      const int on = 1;
      ::setsockopt(added, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      sessions[added] = std::make_unique<Session>(added, context, answer);
      watch(added);
    }
  }
}

// Self-signed and its own authority.
SSL_CTX* make_context(std::string* ca_file) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const one = X509_new();
  X509_set_version(one, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one), 1);
  X509_gmtime_adj(X509_getm_notBefore(one), -3600);
  X509_gmtime_adj(X509_getm_notAfter(one), 24 * 3600);
  X509_set_pubkey(one, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("till bench"), -1, -1, 0);
  X509_set_issuer_name(one, X509_get_subject_name(one));
  for (const auto& [kind, value] : {std::pair{NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1"},
                                    std::pair{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    X509_add_ext(one, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(one, key, EVP_sha256());
  char path[] = "/tmp/till-bench-XXXXXX";
  std::FILE* const file = ::fdopen(::mkstemp(path), "w");
  PEM_write_X509(file, one);
  std::fclose(file);
  *ca_file = path;
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, one);
  SSL_CTX_use_PrivateKey(context, key);
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
  X509_free(one);
  EVP_PKEY_free(key);
  return context;
}

}  // namespace

BenchServer::BenchServer(bool secure) : secure_(secure) {
  SSL_CTX* const context = secure ? make_context(&ca_file_) : nullptr;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&name), size) != 0 || ::listen(listener, 256) != 0) std::abort();
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&name), &size);
  port_ = ntohs(name.sin_port);
  child_ = ::fork();
  if (child_ == 0) serve_for_ever(listener, context);
  ::close(listener);
  SSL_CTX_free(context);
}

BenchServer::~BenchServer() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
  if (!ca_file_.empty()) ::unlink(ca_file_.c_str());
}

std::string BenchServer::url() const {
  return (secure_ ? "https" : "http") + std::string("://localhost:") + std::to_string(port_) +
         "/v1/paylinks?expand=items";
}

}  // namespace till::bench
