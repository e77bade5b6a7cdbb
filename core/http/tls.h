// TLS as a pure transformation: bytes from the wire in, bytes for the wire out; no socket and no thread in here.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

typedef struct ssl_st SSL;                  // NOLINT(modernize-use-using): as OpenSSL declares them
typedef struct ssl_ctx_st SSL_CTX;          // NOLINT(modernize-use-using)
typedef struct ssl_session_st SSL_SESSION;  // NOLINT(modernize-use-using)

namespace till::http {

// What all TLS connections of a client share: the trusted certificates and the sessions to resume; or those of a
// server: its certificate. One thread at a time.
class TlsContext {
 public:
  // TLS 1.2 or newer, the peer always verified. `ca_file` empty: the system's store, or what SSL_CERT_FILE and
  // SSL_CERT_DIR name. Loading a full store takes some 15 ms. kConfiguration "ca_file" when there is nothing to trust.
  static Result<std::unique_ptr<TlsContext>> make(const std::string& ca_file);
  // For a server: TLS 1.2 or newer, clients are not asked for certificates. PEM files: the certificate with what stands
  // between it and a well-known authority, and its key, without a passphrase. kConfiguration "cert_file" or "key_file".
  static Result<std::unique_ptr<TlsContext>> make_server(const std::string& cert_file, const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsChannel;
  friend struct TlsHooks;
  struct SessionDeleter {
    void operator()(SSL_SESSION* session) const;
  };
  using Session = std::unique_ptr<SSL_SESSION, SessionDeleter>;
  static constexpr std::size_t kMaxSessionsPerOrigin = 8;
  static constexpr std::size_t kMaxOrigins = 256;

  explicit TlsContext(SSL_CTX* context) : context_(context) {}
  void keep(const std::string& origin, Session session);
  // The newest session; the last one is lent again and again, the others go once each (RFC 8446, appendix C.4).
  Session lend(const std::string& origin);

  SSL_CTX* context_;
  std::map<std::string, std::vector<Session>> sessions_;
};

// One connection's TLS. Order: handshake() and take what is for the wire, feed() what came, again until kDone; then
// read() and write(). The context must outlive it.
class TlsChannel {
 public:
  // Makes what all channels share, so that it is never made while the process forks. Again: nothing.
  static void prepare();

  enum class Step { kMore, kDone, kFailed };

  // `host` is verified against the certificate, as a name or as an IP address; sessions are kept under `origin`.
  static Result<std::unique_ptr<TlsChannel>> make(TlsContext& context, const std::string& host, std::string origin);
  // The server's end, with a context of make_server().
  static Result<std::unique_ptr<TlsChannel>> accept(TlsContext& context);
  ~TlsChannel();
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  // Borrows bytes from the wire until the next handshake() or read() that wants more; they must stay until then.
  void feed(const char* bytes, std::size_t size) { in_ = {bytes, size}; }
  Step handshake();
  // Fills up to `size` bytes of plain text; kMore: feed first; kDone: `*got` bytes were read, or the peer said good-bye
  // and `*got` is 0.
  Step read(char* bytes, std::size_t size, std::size_t* got);
  // Seals all of `text` into out(). False when the channel is broken.
  bool write(std::string_view text);
  // Seals the good-bye into out().
  void say_goodbye();

  // What is to be sent, and its removal.
  const std::string& out() const { return out_; }
  void clear_out() { out_.clear(); }

  bool peer_said_goodbye() const;
  // Whether all that was fed has been read: neither bytes nor a part of a record are left.
  bool drained() const;
  // Why the last step failed, for people.
  const std::string& failure() const { return failure_; }

 private:
  friend struct TlsHooks;
  TlsChannel(TlsContext& context, std::string origin) : context_(context), origin_(std::move(origin)) {}
  Status attach();
  Step judge(int returned);

  TlsContext& context_;
  std::string origin_;
  SSL* ssl_ = nullptr;
  std::string_view in_;
  std::string out_;
  std::string failure_;
};

}  // namespace till::http
