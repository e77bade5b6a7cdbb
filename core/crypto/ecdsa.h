// ECDSA on the curve secp256k1 over SHA-256, by libsecp256k1: signing and verifying messages.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/secret.h"

namespace till {

// A point in compressed form: 02 or 03, then 32 bytes of x.
using CompressedPublicKey = std::array<std::uint8_t, 33>;

// A private key with its public key. Move-only; any thread may sign with it at the same time.
class SigningKey {
 public:
  // 64 hex digits. Errors: kConfiguration, when it is not that, or not a number from 1 to the curve's order less one.
  static Result<SigningKey> from_hex(const Secret& hex);
  // A new key from the kernel's randomness.
  static SigningKey generate();

  // The private key as 64 hex digits, for where it is to be kept.
  Secret hex() const;
  const CompressedPublicKey& public_key() const { return public_key_; }
  // 66 lower-case digits.
  std::string public_key_hex() const;

  // The DER form (70 to 72 bytes as a rule) of the signature of SHA-256(message). Deterministic (RFC 6979) and low-S:
  // the same key and message always give the same bytes.
  std::string sign(std::string_view message) const;

 private:
  SigningKey() = default;
  Secret key_;  // 32 bytes, valid
  CompressedPublicKey public_key_{};
};

// A public key. A value; any thread.
class VerifyKey {
 public:
  // 33 bytes compressed or 65 bytes uncompressed (04). Error: kInvalidRequest, code "invalid_public_key".
  static Result<VerifyKey> from_bytes(std::string_view bytes);
  static Result<VerifyKey> from_hex(std::string_view hex);

  CompressedPublicKey compressed() const;
  // Whether `der_signature` is a signature of SHA-256(message). Only strict DER counts. High-S counts too, because
  // clients in the field make such signatures (four of the nine in npm bitauth's tests); so one message has two valid
  // signatures, and a signature must never serve as an identity.
  bool verify(std::string_view message, std::string_view der_signature) const;

 private:
  VerifyKey() = default;
  std::array<unsigned char, 64> point_{};  // as libsecp256k1 keeps it
};

}  // namespace till
