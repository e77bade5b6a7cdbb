#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/http/stub_server.h"

namespace till::http {
namespace {

X509* make_certificate(EVP_PKEY* key, const std::string& name, long not_after_s) {
  static std::atomic<long> serial{1};
  X509* const one = X509_new();
  X509_set_version(one, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(one), serial++);
  X509_gmtime_adj(X509_getm_notBefore(one), -7200);
  X509_gmtime_adj(X509_getm_notAfter(one), not_after_s);
  X509_set_pubkey(one, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(one), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return one;
}

void extend(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Writes a file of its own with what `write` puts into it.
template <class Write>
std::string write_file(Write write) {
  char path[] = "/tmp/till-pem-XXXXXX";
  std::FILE* const file = ::fdopen(::mkstemp(path), "w");
  write(file);
  std::fclose(file);
  return path;
}

}  // namespace

Authority::Authority() : key_(EVP_EC_gen("P-256")) {
  certificate_ = make_certificate(key_, "throw-away authority", 3600);
  X509_set_issuer_name(certificate_, X509_get_subject_name(certificate_));
  extend(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate_, key_, EVP_sha256());
  ca_file_ = write_file([this](std::FILE* file) { PEM_write_X509(file, certificate_); });
  const auto context = make_context();
  cert_file_ = write_file([&](std::FILE* file) { PEM_write_X509(file, SSL_CTX_get0_certificate(context.get())); });
  key_file_ = write_file([&](std::FILE* file) {
    PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(context.get()), nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Authority::~Authority() {
  for (const std::string& file : {ca_file_, cert_file_, key_file_}) ::unlink(file.c_str());
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

std::shared_ptr<SSL_CTX> Authority::make_context(const CertificateOptions& options) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const leaf = make_certificate(key, options.common_name, options.not_after_s);
  X509_set_issuer_name(leaf, X509_get_subject_name(options.self_signed ? leaf : certificate_));
  if (!options.names.empty()) extend(leaf, NID_subject_alt_name, options.names);
  X509_sign(leaf, options.self_signed ? key : key_, EVP_sha256());
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), leaf);
  SSL_CTX_use_PrivateKey(context.get(), key);
  if (options.max_version != 0) {
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), options.max_version);
  }
  X509_free(leaf);
  EVP_PKEY_free(key);
  return context;
}

}  // namespace till::http
