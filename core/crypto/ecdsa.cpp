// ECDSA: one context of libsecp256k1 for the process, keys as values.
#include "core/crypto/ecdsa.h"

#include <openssl/crypto.h>
#include <secp256k1.h>

#include <cstdlib>
#include <cstring>

#include "core/base/encoding.h"
#include "core/base/random.h"
#include "core/crypto/digest.h"

namespace till {
namespace {

constexpr std::size_t kPrivateKeySize = 32;
constexpr std::size_t kUncompressedSize = 65;
constexpr std::size_t kMaxDerSize = 72;

using PrivateKeyBytes = std::array<std::uint8_t, kPrivateKeySize>;

// Made on first use, and blinded by random numbers against side channels before anything is signed. It never changes
// after that, so all threads share it.
const secp256k1_context* shared_context() {
  static const secp256k1_context* const context = [] {
    // NOLINTNEXTLINE(misc-redundant-expression): one bit today, two in older versions
    secp256k1_context* made = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
    PrivateKeyBytes seed;
    fill_random(seed);
    if (secp256k1_context_randomize(made, seed.data()) != 1) std::abort();
    OPENSSL_cleanse(seed.data(), seed.size());
    return made;
  }();
  return context;
}

const unsigned char* unsigned_bytes(std::string_view bytes) { return byte_span(bytes).data(); }

CompressedPublicKey compress(const secp256k1_pubkey& point) {
  CompressedPublicKey bytes;
  std::size_t size = bytes.size();
  secp256k1_ec_pubkey_serialize(shared_context(), bytes.data(), &size, &point, SECP256K1_EC_COMPRESSED);
  return bytes;
}

Error invalid_public_key() {
  return {.kind = ErrorKind::kInvalidRequest,
          .code = "invalid_public_key",
          .message = "not a secp256k1 public key of 33 (compressed) or 65 (uncompressed) bytes"};
}

}  // namespace

Result<SigningKey> SigningKey::from_hex(const Secret& hex) {
  const Error not_hex = configuration_error("", "the private key is not 64 hex digits");
  if (hex.size() != 2 * kPrivateKeySize) return not_hex;
  auto bytes = hex_decode(hex.reveal());
  if (!bytes.ok()) return not_hex;
  SigningKey key;
  key.key_ = Secret(*bytes);
  OPENSSL_cleanse(bytes->data(), bytes->size());
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_create(shared_context(), &point, unsigned_bytes(key.key_.reveal())) != 1)
    return configuration_error("", "the private key is zero or beyond the order of the curve secp256k1");
  key.public_key_ = compress(point);
  return key;
}

SigningKey SigningKey::generate() {
  SigningKey key;
  PrivateKeyBytes bytes;
  secp256k1_pubkey point;
  // One try in 2^128 falls outside the curve's order.
  do {
    fill_random(bytes);
  } while (secp256k1_ec_pubkey_create(shared_context(), &point, bytes.data()) != 1);
  key.key_ = Secret(byte_view(bytes));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  key.public_key_ = compress(point);
  return key;
}

Secret SigningKey::hex() const {
  std::string digits = hex_encode(key_.reveal());
  Secret secret(digits);
  OPENSSL_cleanse(digits.data(), digits.size());
  return secret;
}

std::string SigningKey::public_key_hex() const { return hex_encode(byte_view(public_key_)); }

std::string SigningKey::sign(std::string_view message) const {
  const Sha256 digest = sha256(message);
  secp256k1_ecdsa_signature signature;
  // The default nonce function is RFC 6979, the result always low-S. It fails only for an invalid key, which cannot be
  // here.
  if (secp256k1_ecdsa_sign(shared_context(), &signature, digest.data(), unsigned_bytes(key_.reveal()), nullptr,
                           nullptr) != 1)
    std::abort();
  std::array<unsigned char, kMaxDerSize> der;
  std::size_t size = der.size();
  secp256k1_ecdsa_signature_serialize_der(shared_context(), der.data(), &size, &signature);
  return std::string(byte_view({der.data(), size}));
}

Result<VerifyKey> VerifyKey::from_bytes(std::string_view bytes) {
  // libsecp256k1 also reads the hybrid forms 06 and 07, which no protocol here has.
  const bool compressed = bytes.size() == CompressedPublicKey{}.size();
  const bool uncompressed = bytes.size() == kUncompressedSize && bytes.front() == '\x04';
  if (!compressed && !uncompressed) return invalid_public_key();
  secp256k1_pubkey point;
  if (secp256k1_ec_pubkey_parse(shared_context(), &point, unsigned_bytes(bytes), bytes.size()) != 1)
    return invalid_public_key();
  VerifyKey key;
  static_assert(sizeof point.data == sizeof key.point_);
  std::memcpy(key.point_.data(), point.data, sizeof point.data);
  return key;
}

Result<VerifyKey> VerifyKey::from_hex(std::string_view hex) {
  const auto bytes = hex_decode(hex);
  if (!bytes.ok()) return invalid_public_key();
  return from_bytes(*bytes);
}

CompressedPublicKey VerifyKey::compressed() const {
  secp256k1_pubkey point;
  std::memcpy(point.data, point_.data(), sizeof point.data);
  return compress(point);
}

bool VerifyKey::verify(std::string_view message, std::string_view der_signature) const {
  // libsecp256k1 takes a null pointer, which an empty view may hold, for a bug of ours and ends the process.
  if (der_signature.empty()) return false;
  secp256k1_ecdsa_signature signature;
  if (secp256k1_ecdsa_signature_parse_der(shared_context(), &signature, unsigned_bytes(der_signature),
                                          der_signature.size()) != 1)
    return false;
  // libsecp256k1 verifies low-S only.
  secp256k1_ecdsa_signature_normalize(shared_context(), &signature, &signature);
  secp256k1_pubkey point;
  std::memcpy(point.data, point_.data(), sizeof point.data);
  const Sha256 digest = sha256(message);
  return secp256k1_ecdsa_verify(shared_context(), &signature, digest.data(), &point) == 1;
}

}  // namespace till
