// What public and private keys share of OpenSSL's EVP interface. Inside the room only.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <cstddef>
#include <memory>

#include "core/base/result.h"
#include "core/crypto/public_key.h"

namespace till::evp {

struct FreeAll {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeAll>;

// OpenSSL keeps a queue of errors for each thread; a refused key or signature must leave nothing in it.
struct CleanErrors {
  ~CleanErrors() { ERR_clear_error(); }
};

// OpenSSL's name for the curve, and the bytes of one coordinate.
const char* curve_name(Curve curve);
std::size_t coordinate_bytes(Curve curve);

// Whether the key is of the kind and on the curve that the algorithm needs.
bool fits(const EVP_PKEY* key, SignatureAlgorithm algorithm);
// The algorithm's hash; nullptr for Ed25519, which has none of its own.
const EVP_MD* hash_of(SignatureAlgorithm algorithm);
// kConfiguration for an RSA key below 2,048 or beyond 8,192 bits.
Status check_size(const EVP_PKEY* key);

}  // namespace till::evp
