// Base58Check: bytes with four bytes of checksum, as base58 text. The checksum finds typing errors; it proves nothing.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till {

// base58(payload, then the first four bytes of SHA-256(SHA-256(payload))). Fails beyond kMaxBase58Bytes with checksum.
Result<std::string> base58check_encode(std::string_view payload);

// The payload. Errors (kInvalidRequest): code "invalid_encoding" when it is no base58 of four bytes or more,
// "wrong_checksum".
Result<std::string> base58check_decode(std::string_view text);

}  // namespace till
