// HMAC (RFC 2104) with SHA-2, and with SHA-1 for webhooks that still have it: a key that is set up once and used many
// times.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/crypto/secret.h"

namespace till {

enum class HmacHash { kSha1, kSha256, kSha384, kSha512 };

// The bytes of an authentication code: 20, 32, 48 or 64 by the hash. Not secret once sent; compare in constant time.
class Mac {
 public:
  std::string_view bytes() const { return byte_view({bytes_.data(), size_}); }

 private:
  friend class HmacKey;
  std::array<std::uint8_t, 64> bytes_{};
  std::size_t size_ = 0;
};

// Any thread, at the same time; each works in its own keyed context. The contexts belong to the key and are wiped with
// it.
class HmacKey {
 public:
  // Any key of one byte or more. Errors: kConfiguration for an empty key, which would verify what anybody signs;
  // kInternal, code "no_hmac", when OpenSSL offers no HMAC with this hash.
  static Result<HmacKey> create(HmacHash hash, const Secret& key);
  HmacKey(HmacKey&&) noexcept;
  HmacKey& operator=(HmacKey&&) noexcept;
  ~HmacKey();

  // Ends the process when OpenSSL has no memory for it.
  Mac sign(std::string_view message) const { return sign_parts({&message, 1}); }
  // As if the parts were one message.
  Mac sign_parts(std::span<const std::string_view> parts) const;
  // Whether `mac` (raw bytes, whole, not truncated) is that of the message; in constant time.
  bool verify(std::string_view message, std::string_view mac) const;

 private:
  struct Contexts;
  explicit HmacKey(std::unique_ptr<Contexts> contexts);
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace till
