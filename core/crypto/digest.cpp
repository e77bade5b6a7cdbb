// Digests through prefetched algorithms and one context for each thread: OpenSSL 3 looks algorithms up anew on every
// use otherwise, which doubles the cost of short messages.
#include "core/crypto/digest.h"

#include <openssl/evp.h>

#include <cstdlib>
#include <memory>

namespace till {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

EVP_MD_CTX* thread_context() {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  return context.get();
}

// False when the algorithm is missing or memory is short.
bool digest_into(const EVP_MD* algorithm, std::string_view bytes, std::uint8_t* out) {
  EVP_MD_CTX* context = thread_context();
  return algorithm != nullptr && context != nullptr && EVP_DigestInit_ex2(context, algorithm, nullptr) == 1 &&
         EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1 && EVP_DigestFinal_ex(context, out, nullptr) == 1;
}

template <class Digest>
Digest digest_or_abort(const EVP_MD* algorithm, std::string_view bytes) {
  Digest digest;
  if (!digest_into(algorithm, bytes, digest.data())) std::abort();
  return digest;
}

}  // namespace

// The fetched algorithms live as long as the process: they are needed until its last thread has ended.

Sha1 sha1(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  return digest_or_abort<Sha1>(algorithm, bytes);
}

Sha256 sha256(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  return digest_or_abort<Sha256>(algorithm, bytes);
}

Sha384 sha384(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-384", nullptr);
  return digest_or_abort<Sha384>(algorithm, bytes);
}

Sha512 sha512(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA2-512", nullptr);
  return digest_or_abort<Sha512>(algorithm, bytes);
}

Result<Ripemd160> ripemd160(std::string_view bytes) {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "RIPEMD-160", nullptr);
  Ripemd160 digest;
  if (!digest_into(algorithm, bytes, digest.data()))
    return Error{.kind = ErrorKind::kInternal,
                 .code = "no_ripemd160",
                 .message = "this OpenSSL offers no RIPEMD-160; version 3.0.7 or later outside FIPS mode does"};
  return digest;
}

}  // namespace till
