// Encodings of bytes as text: hex, base64, base58 and percent. Pure functions, safe on any thread.
//
// Every decoder fails with kInvalidRequest, code "invalid_encoding". The message names the position and never quotes
// the text, which may be a secret.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till {

// Base58 takes time quadratic in its length and carries keys and addresses only.
inline constexpr std::size_t kMaxBase58Bytes = 256;

// Lower-case, two characters for each byte.
std::string hex_encode(std::string_view bytes);
// Upper and lower case; an even number of digits and nothing else.
Result<std::string> hex_decode(std::string_view text);

// RFC 4648 section 4 with padding.
std::string base64_encode(std::string_view bytes);
// Strict: standard alphabet, padded, no spaces or line breaks, unused bits zero. So exactly one text stands for given
// bytes.
Result<std::string> base64_decode(std::string_view text);

// RFC 4648 section 5 without padding, as JSON Web Signatures have it.
std::string base64url_encode(std::string_view bytes);
// Strict as base64_decode(), in the alphabet with "-" and "_"; padding may be left out.
Result<std::string> base64url_decode(std::string_view text);

// RFC 3986: every byte but the unreserved characters (letters, digits, "-._~") as %XX.
std::string percent_encode(std::string_view text);
// The same, appended to `out`.
void percent_encode(std::string_view text, std::string& out);

// Bitcoin's alphabet; each leading zero byte is a leading "1". Fails beyond kMaxBase58Bytes.
Result<std::string> base58_encode(std::string_view bytes);
// The inverse. Fails when the bytes would be more than kMaxBase58Bytes.
Result<std::string> base58_decode(std::string_view text);

}  // namespace till
