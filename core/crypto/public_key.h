// Public keys and the signatures that they verify, by OpenSSL: RSA, ECDSA and Ed25519.
#pragma once

#include <memory>
#include <string_view>

#include "core/base/result.h"

struct evp_pkey_st;

namespace till {

enum class SignatureAlgorithm {
  kRsaPkcs1Sha256,
  kRsaPkcs1Sha512,
  kEcdsaP256Sha256Der,
  kEcdsaP256Sha256Raw,  // r and s, 32 bytes each; ES256 of RFC 7518
  kEcdsaP521Sha512Raw,  // r and s, 66 bytes each; ES512
  kEcdsaSecp256k1Sha256Der,
  kEd25519,
};

// Curves by the names that JSON Web Keys give them (RFC 7518, RFC 8812).
enum class Curve { kP256, kP521, kSecp256k1 };

// One public key. Move-only; any thread may verify with it at the same time. All makers fail with kConfiguration, code
// "configuration", when the bytes are no such key, and for RSA below 2,048 or beyond 8,192 bits.
class PublicKey {
 public:
  // "-----BEGIN PUBLIC KEY-----" or "-----BEGIN CERTIFICATE-----". A certificate is a wrapping only: neither its dates
  // nor its issuer are looked at.
  static Result<PublicKey> from_pem(std::string_view pem);
  // SubjectPublicKeyInfo in DER.
  static Result<PublicKey> from_spki(std::string_view der);
  // Big-endian modulus and exponent.
  static Result<PublicKey> from_rsa(std::string_view modulus, std::string_view exponent);
  // Big-endian coordinates of exactly the curve's size.
  static Result<PublicKey> from_point(Curve curve, std::string_view x, std::string_view y);
  // 32 bytes.
  static Result<PublicKey> from_ed25519(std::string_view bytes);

  // Whether the key is of the kind and on the curve that the algorithm needs.
  bool fits(SignatureAlgorithm algorithm) const;
  // Whether `signature` is that of `message`. False for a key that does not fit, and for a signature in any other form:
  // DER must be strict, raw signatures have their exact size.
  bool verify(SignatureAlgorithm algorithm, std::string_view message, std::string_view signature) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  explicit PublicKey(Handle key) : key_(std::move(key)) {}
  static Result<PublicKey> checked(evp_pkey_st* key);

  Handle key_;
};

}  // namespace till
