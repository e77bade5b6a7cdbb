// Digests of bytes: SHA-1, SHA-2 and RIPEMD-160, by OpenSSL. Any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace till {

using Sha1 = std::array<std::uint8_t, 20>;
using Sha256 = std::array<std::uint8_t, 32>;
using Sha384 = std::array<std::uint8_t, 48>;
using Sha512 = std::array<std::uint8_t, 64>;
using Ripemd160 = std::array<std::uint8_t, 20>;

// These end the process when OpenSSL has no SHA or no memory: nothing could be verified any more.
// SHA-1 only where somebody else's protocol has it.
Sha1 sha1(std::string_view bytes);
Sha256 sha256(std::string_view bytes);
Sha384 sha384(std::string_view bytes);
Sha512 sha512(std::string_view bytes);

// Error: kInternal, code "no_ripemd160", where OpenSSL is set up without it (FIPS mode; releases before 3.0.7).
Result<Ripemd160> ripemd160(std::string_view bytes);

}  // namespace till
