// Ed25519 (RFC 8032), by OpenSSL: the signatures of plugin packages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/secret.h"

namespace till {

inline constexpr std::size_t kEd25519KeyBytes = 32;
inline constexpr std::size_t kEd25519SignatureBytes = 64;

// A private key with its public key. Move-only; any thread may sign with it at the same time.
class Ed25519Key {
 public:
  // 64 hex digits, the private key of RFC 8032. Error: kConfiguration, code "configuration".
  static Result<Ed25519Key> from_hex(const Secret& hex);
  // A new key from the kernel's randomness.
  static Result<Ed25519Key> generate();

  // The private key as 64 hex digits, for where it is to be kept.
  Secret hex() const;
  // 32 bytes.
  const std::string& public_key() const { return public_key_; }
  // 64 bytes, the same for the same message.
  Result<std::string> sign(std::string_view message) const;

 private:
  explicit Ed25519Key(Secret key) : key_(std::move(key)) {}
  static Result<Ed25519Key> from_bytes(Secret key);

  Secret key_;  // 32 bytes
  std::string public_key_;
};

// Whether `signature` (64 bytes) is that of `message` by the owner of `public_key` (32 bytes). False for bytes of any
// other size.
bool ed25519_verify(std::string_view public_key, std::string_view message, std::string_view signature);

}  // namespace till
