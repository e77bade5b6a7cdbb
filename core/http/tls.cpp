#include "core/http/tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "core/base/file.h"

namespace till::http {

// What OpenSSL calls back: a BIO over a channel's two buffers, and the arrival of new sessions. Nothing may be thrown
// through OpenSSL's frames, so a lack of memory becomes a failed write or a session less.
struct TlsHooks {
  static TlsChannel* channel(BIO* bio) { return static_cast<TlsChannel*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* bytes, int size) noexcept {
    std::string_view& in = channel(bio)->in_;
    BIO_clear_retry_flags(bio);
    if (in.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(in.size(), static_cast<std::size_t>(size));
    std::memcpy(bytes, in.data(), count);
    in.remove_prefix(count);
    return static_cast<int>(count);
  }

  static int write(BIO* bio, const char* bytes, int size) noexcept {
    BIO_clear_retry_flags(bio);
    try {
      channel(bio)->out_.append(bytes, static_cast<std::size_t>(size));
    } catch (const std::exception&) {
      return -1;
    }
    return size;
  }

  static long control(BIO*, int command, long, void*) noexcept { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  // Made once and kept; OpenSSL has no owner to give it to.
  static const BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* one = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "till buffers");
      BIO_meth_set_read(one, &TlsHooks::read);
      BIO_meth_set_write(one, &TlsHooks::write);
      BIO_meth_set_ctrl(one, &TlsHooks::control);
      BIO_meth_set_create(one, [](BIO* bio) { return BIO_set_init(bio, 1), 1; });
      return one;
    }();
    return made;
  }

  // TLS 1.3 tickets come after the handshake, while reading, so this is the one place that sees them all.
  static int keep_session(SSL* ssl, SSL_SESSION* session) noexcept {
    auto* const one = static_cast<TlsChannel*>(SSL_get_app_data(ssl));
    TlsContext::Session owned(session);
    try {
      one->context_.keep(one->origin_, std::move(owned));
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the next connection shakes hands in full
    }
    return 1;  // ours, kept or not
  }
};

namespace {

Error file_error(const char* option, const std::string& message) {
  Error error = configuration_error(option, message);
  error.code = option;
  return error;
}

Error store_error(const std::string& message) { return file_error("ca_file", message); }

// `name` is what names the file: the option or the environment's variable.
Error unusable_store(const std::string& name, const std::string& path) {
  const std::string why = why_unreadable(path);
  if (!why.empty()) return store_error("cannot read " + name + " " + path + ": " + why);
  return store_error(name + " " + path + " is no PEM file of certificates");
}

// What is wrong with a server's certificate or key; `what` it should hold.
Error unusable_pem(const char* option, const std::string& path, const std::string& what) {
  const std::string why = why_unreadable(path);
  if (!why.empty()) return file_error(option, std::string("cannot read ") + option + " " + path + ": " + why);
  return file_error(option, std::string(option) + " " + path + " is no PEM file of " + what);
}

// The certificate, and the key that goes with it.
Status load_pair(SSL_CTX* context, const std::string& cert_file, const std::string& key_file) {
  // Nobody sits at a terminal to be asked for a passphrase.
  bool asked = false;
  const auto refuse = [](char*, int, int, void* told) {
    *static_cast<bool*>(told) = true;
    return -1;
  };
  SSL_CTX_set_default_passwd_cb(context, refuse);
  SSL_CTX_set_default_passwd_cb_userdata(context, &asked);
  const bool has_certificate = SSL_CTX_use_certificate_chain_file(context, cert_file.c_str()) == 1;
  asked = false;
  const bool taken = has_certificate && SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb(context, nullptr);
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!has_certificate) return unusable_pem("cert_file", cert_file, "certificates");
  // A key of another kind than the certificate's is taken as if another certificate were still to come.
  if (taken && SSL_CTX_check_private_key(context) == 1) return {};
  if (asked) return file_error("key_file", "key_file " + key_file + " has a passphrase, which nobody is there to give");
  if (taken || ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_X509)
    return file_error("key_file", "key_file " + key_file + " is not the key of the certificate in " + cert_file);
  return unusable_pem("key_file", key_file, "a private key");
}

// What both ends have in common.
void set_protocol(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);
}

bool exists(const char* path) {
  struct stat found {};
  return path != nullptr && *path != '\0' && ::stat(path, &found) == 0;
}

const char* environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
  return value != nullptr && *value != '\0' ? value : nullptr;
}

// A statically linked OpenSSL looks where it was built to look, which may be nowhere on this machine.
bool load_well_known(SSL_CTX* context) {
  constexpr std::array kBundles = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Arch, Alpine
      "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL 7 and newer
      "/etc/ssl/ca-bundle.pem",                             // openSUSE
      "/etc/ssl/cert.pem",                                  // Alpine, the BSDs, macOS
  };
  return std::any_of(kBundles.begin(), kBundles.end(),
                     [&](const char* path) { return exists(path) && SSL_CTX_load_verify_file(context, path) == 1; });
}

Status load_system_store(SSL_CTX* context) {
  const char* const file = environment("SSL_CERT_FILE");
  const char* const folder = environment("SSL_CERT_DIR");
  if (file != nullptr && SSL_CTX_load_verify_file(context, file) != 1) return unusable_store("SSL_CERT_FILE", file);
  if (folder != nullptr && SSL_CTX_load_verify_dir(context, folder) != 1) {
    return store_error("SSL_CERT_DIR names a folder that cannot be used");
  }
  if (file != nullptr || folder != nullptr) return {};
  if (exists(X509_get_default_cert_file()) && SSL_CTX_set_default_verify_paths(context) == 1) return {};
  if (load_well_known(context)) return {};
  if (exists(X509_get_default_cert_dir()) && SSL_CTX_set_default_verify_paths(context) == 1) return {};
  return store_error("no trusted certificates were found on this machine; name a PEM file as ca_file");
}

Status load_store(SSL_CTX* context, const std::string& ca_file) {
  if (ca_file.empty()) return load_system_store(context);
  if (SSL_CTX_load_verify_file(context, ca_file.c_str()) == 1) return {};
  return unusable_store("ca_file", ca_file);
}

// What a chain that ends at nobody who is trusted fails with.
bool is_about_trust(long verified) {
  constexpr std::array<long, 6> kCodes = {
      X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,       X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
      X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
      X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
      X509_V_ERR_CERT_SIGNATURE_FAILURE,  // another authority of the same name
  };
  return std::find(kCodes.begin(), kCodes.end(), verified) != kCodes.end();
}

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return ::inet_pton(AF_INET, host.c_str(), bytes.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

// Names go into SNI and are looked for among the certificate's DNS names only: the common name is no name (RFC 9525).
bool expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* const expected = SSL_get0_param(ssl);
  if (is_ip_address(host)) return X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1;
  const std::string name = host.back() == '.' ? host.substr(0, host.size() - 1) : host;
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  return X509_VERIFY_PARAM_set1_host(expected, name.c_str(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

}  // namespace

void TlsContext::SessionDeleter::operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }

Result<std::unique_ptr<TlsContext>> TlsContext::make(const std::string& ca_file) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return internal_error("OpenSSL made no context");
  std::unique_ptr<TlsContext> made(new TlsContext(context));
  set_protocol(context);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &TlsHooks::keep_session);
  constexpr std::array<unsigned char, 9> kProtocols = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_CTX_set_alpn_protos(context, kProtocols.data(), kProtocols.size());
  TILL_TRY(load_store(context, ca_file));
  ERR_clear_error();
  return made;
}

Result<std::unique_ptr<TlsContext>> TlsContext::make_server(const std::string& cert_file, const std::string& key_file) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  if (context == nullptr) return internal_error("OpenSSL made no context");
  std::unique_ptr<TlsContext> made(new TlsContext(context));
  set_protocol(context);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // idle connections keep none
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  const Status loaded = load_pair(context, cert_file, key_file);
  ERR_clear_error();
  if (!loaded.ok()) return loaded.error();
  return made;
}

TlsContext::~TlsContext() {
  sessions_.clear();
  SSL_CTX_free(context_);
}

void TlsContext::keep(const std::string& origin, Session session) {
  if (sessions_.size() >= kMaxOrigins && sessions_.count(origin) == 0) sessions_.erase(sessions_.begin());
  auto& kept = sessions_[origin];
  if (kept.size() >= kMaxSessionsPerOrigin) kept.erase(kept.begin());
  kept.push_back(std::move(session));
}

TlsContext::Session TlsContext::lend(const std::string& origin) {
  const auto found = sessions_.find(origin);
  if (found == sessions_.end() || found->second.empty()) return nullptr;
  auto& kept = found->second;
  Session newest = std::move(kept.back());
  kept.pop_back();
  if (kept.empty()) {
    SSL_SESSION_up_ref(newest.get());
    kept.emplace_back(newest.get());
  }
  return newest;
}

void TlsChannel::prepare() { (void)TlsHooks::method(); }

Result<std::unique_ptr<TlsChannel>> TlsChannel::make(TlsContext& context, const std::string& host, std::string origin) {
  std::unique_ptr<TlsChannel> made(new TlsChannel(context, std::move(origin)));
  TILL_TRY(made->attach());
  SSL_set_connect_state(made->ssl_);
  if (!expect_host(made->ssl_, host)) return internal_error("OpenSSL takes no such host name");
  if (const auto session = context.lend(made->origin_)) SSL_set_session(made->ssl_, session.get());
  return made;
}

Result<std::unique_ptr<TlsChannel>> TlsChannel::accept(TlsContext& context) {
  std::unique_ptr<TlsChannel> made(new TlsChannel(context, {}));
  TILL_TRY(made->attach());
  SSL_set_accept_state(made->ssl_);
  return made;
}

Status TlsChannel::attach() {
  ssl_ = SSL_new(context_.context_);
  BIO* const bio = ssl_ != nullptr ? BIO_new(TlsHooks::method()) : nullptr;
  if (bio == nullptr) return internal_error("OpenSSL made no connection");
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_app_data(ssl_, this);
  return {};
}

TlsChannel::~TlsChannel() { SSL_free(ssl_); }

TlsChannel::Step TlsChannel::handshake() {
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_);
  return returned == 1 ? Step::kDone : judge(returned);
}

TlsChannel::Step TlsChannel::read(char* bytes, std::size_t size, std::size_t* got) {
  ERR_clear_error();
  *got = 0;
  const int returned = SSL_read_ex(ssl_, bytes, size, got);
  return returned == 1 ? Step::kDone : judge(returned);
}

bool TlsChannel::write(std::string_view text) {
  if (text.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  const int returned = SSL_write_ex(ssl_, text.data(), text.size(), &written);
  if (returned == 1) return written == text.size();
  judge(returned);
  return false;
}

void TlsChannel::say_goodbye() {
  if (!SSL_is_init_finished(ssl_) || !failure_.empty()) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

bool TlsChannel::peer_said_goodbye() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }

bool TlsChannel::drained() const { return in_.empty() && SSL_has_pending(ssl_) == 0; }

TlsChannel::Step TlsChannel::judge(int returned) {
  const int kind = SSL_get_error(ssl_, returned);
  if (kind == SSL_ERROR_WANT_READ) return Step::kMore;
  if (kind == SSL_ERROR_ZERO_RETURN) return Step::kDone;
  const long verified = SSL_get_verify_result(ssl_);
  if (verified != X509_V_OK) {
    failure_ = "the certificate is not trusted: " + std::string(X509_verify_cert_error_string(verified));
    if (is_about_trust(verified))
      failure_ += "; for an authority of your own, name its PEM file as ca_file (--ca-file on the command line)";
  } else {
    const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
    failure_ = reason != nullptr ? reason : "protocol error";
  }
  ERR_clear_error();
  return Step::kFailed;
}

}  // namespace till::http
