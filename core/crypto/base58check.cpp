// Base58Check.
#include "core/crypto/base58check.h"

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/digest.h"

namespace till {
namespace {

constexpr std::size_t kChecksumSize = 4;

std::string checksum(std::string_view payload) {
  return std::string(byte_view(sha256(byte_view(sha256(payload)))).substr(0, kChecksumSize));
}

}  // namespace

Result<std::string> base58check_encode(std::string_view payload) {
  return base58_encode(std::string(payload) + checksum(payload));
}

Result<std::string> base58check_decode(std::string_view text) {
  TILL_ASSIGN(std::string bytes, base58_decode(text));
  if (bytes.size() < kChecksumSize)
    return Error{.kind = ErrorKind::kInvalidRequest,
                 .code = "invalid_encoding",
                 .message = "base58check: too short to hold a checksum"};
  const std::string found = bytes.substr(bytes.size() - kChecksumSize);
  bytes.resize(bytes.size() - kChecksumSize);
  if (found != checksum(bytes))
    return Error{.kind = ErrorKind::kInvalidRequest,
                 .code = "wrong_checksum",
                 .message = "base58check: the checksum does not match; look for a typing error"};
  return bytes;
}

}  // namespace till
