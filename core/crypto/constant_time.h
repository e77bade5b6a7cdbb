// Comparing secrets and signatures without telling by the time where they differ.
#pragma once

#include <openssl/crypto.h>

#include <string_view>

namespace till {

// Takes the same time wherever the bytes differ. The lengths are no secret: unequal ones return at once.
inline bool constant_time_equal(std::string_view left, std::string_view right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace till
