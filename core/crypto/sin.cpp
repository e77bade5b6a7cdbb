// SIN.
#include "core/crypto/sin.h"

#include "core/crypto/base58check.h"
#include "core/crypto/digest.h"

namespace till {
namespace {

// Version 0F (SIN), type 02 (a key that is registered nowhere).
constexpr std::string_view kPrefix = "\x0f\x02";

}  // namespace

Result<std::string> sin_of(const CompressedPublicKey& public_key) {
  TILL_ASSIGN(const Ripemd160 name, ripemd160(byte_view(sha256(byte_view(public_key)))));
  return base58check_encode(std::string(kPrefix) + std::string(byte_view(name)));
}

bool is_valid_sin(std::string_view text) {
  const auto payload = base58check_decode(text);
  return payload.ok() && payload->size() == kPrefix.size() + Ripemd160{}.size() && payload->starts_with(kPrefix);
}

}  // namespace till
