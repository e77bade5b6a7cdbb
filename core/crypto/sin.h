// SIN: the name of a public key by the "Identity protocol v1".
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/ecdsa.h"

namespace till {

// base58check(0F 02, then RIPEMD-160(SHA-256(compressed public key))): 35 characters that begin with "Te" or "Tf".
// Source: bitauth, getSinFromPublicKey. Error: kInternal where OpenSSL has no RIPEMD-160.
Result<std::string> sin_of(const CompressedPublicKey& public_key);

// Whether the text is base58check of 0F 02 and 20 bytes. Says nothing about whether such a key exists.
bool is_valid_sin(std::string_view text);

}  // namespace till
