// Base58Check and SIN: what is refused. Values: bitpay_vectors_test.cpp.
#include "core/crypto/base58check.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/crypto/sin.h"

namespace till {
namespace {

constexpr std::string_view kAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

TEST(Base58Check, every_changed_character_is_noticed) {
  const std::string text = base58check_encode("some payload").value();
  for (std::size_t i = 0; i < text.size(); ++i)
    for (const char other : kAlphabet) {
      std::string changed = text;
      changed[i] = other;
      EXPECT_EQ(base58check_decode(changed).ok(), other == text[i]);
    }
}

TEST(Base58Check, too_short_text_and_foreign_characters_are_refused) {
  for (const std::string_view bad : {"", "1", "111", "2g", "0OIl"})
    EXPECT_EQ(base58check_decode(bad).error().code, "invalid_encoding") << bad;
  EXPECT_EQ(base58check_decode("11111").error().code, "wrong_checksum");
  EXPECT_EQ(base58check_decode(base58check_encode("").value()).value(), "");
}

TEST(Base58Check, size_limit_counts_the_checksum) {
  EXPECT_TRUE(base58check_encode(std::string(kMaxBase58Bytes - 4, 'x')).ok());
  EXPECT_FALSE(base58check_encode(std::string(kMaxBase58Bytes - 3, 'x')).ok());
}

std::string sin_with(std::string_view prefix, std::size_t size) {
  return base58check_encode(std::string(prefix) + std::string(size, '\x11')).value();
}

TEST(Sin, is_valid_only_with_its_prefix_size_and_checksum) {
  EXPECT_TRUE(is_valid_sin(sin_with("\x0f\x02", 20)));
  EXPECT_FALSE(is_valid_sin(sin_with("\x0f\x01", 20)));
  EXPECT_FALSE(is_valid_sin(sin_with("\x0e\x02", 20)));
  EXPECT_FALSE(is_valid_sin(sin_with("\x0f\x02", 19)));
  EXPECT_FALSE(is_valid_sin(sin_with("\x0f\x02", 21)));
  EXPECT_FALSE(is_valid_sin(""));
  EXPECT_FALSE(is_valid_sin(" Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR"));
  EXPECT_FALSE(is_valid_sin("Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjS"));
}

}  // namespace
}  // namespace till
