// UTF-8 validation, beside an oracle that decodes code points by arithmetic.
#include "core/base/utf8.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace till {
namespace {

// Encodes any number below 2^21 in the given number of bytes, right or wrong.
std::string encode_in(std::uint32_t code_point, int bytes) {
  if (bytes == 1) return {static_cast<char>(code_point)};
  std::string text;
  const std::uint32_t lead = bytes == 2 ? 0xc0 : bytes == 3 ? 0xe0 : 0xf0;
  text.push_back(static_cast<char>(lead | code_point >> (6 * (bytes - 1))));
  for (int i = bytes - 2; i >= 0; --i) text.push_back(static_cast<char>(0x80 | (code_point >> (6 * i) & 0x3f)));
  return text;
}

int shortest(std::uint32_t code_point) {
  return code_point < 0x80 ? 1 : code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
}

TEST(Utf8, exactly_the_scalar_values_in_their_shortest_form_are_valid) {
  constexpr std::uint32_t kCapacity[] = {0, 0x80, 0x800, 0x10000, 0x200000};
  for (int bytes = 1; bytes <= 4; ++bytes)
    for (std::uint32_t code_point = 0; code_point < kCapacity[bytes]; ++code_point) {
      const bool scalar = code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
      ASSERT_EQ(is_valid_utf8(encode_in(code_point, bytes)), scalar && bytes == shortest(code_point))
          << code_point << " in " << bytes;
    }
}

TEST(Utf8, prefix_ends_before_the_first_wrong_byte_and_never_inside_a_character) {
  EXPECT_EQ(valid_utf8_prefix(""), 0u);
  EXPECT_EQ(valid_utf8_prefix("abc"), 3u);
  EXPECT_EQ(valid_utf8_prefix("abc\xff"
                              "def"),
            3u);
  EXPECT_EQ(valid_utf8_prefix("0123456789abcde\x80"), 15u);
  EXPECT_EQ(valid_utf8_prefix("\xe2\x82\xac\xe2\x82"), 3u);
  EXPECT_EQ(valid_utf8_prefix("\xf0\x9f\x98"), 0u);
  EXPECT_EQ(valid_utf8_prefix("\xc3\x28"), 0u);
}

TEST(Utf8, every_truncation_of_valid_text_is_noticed) {
  const std::string text = "za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 \xe2\x82\xac \xf0\x9f\x98\x80 end of this text";
  ASSERT_TRUE(is_valid_utf8(text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::size_t prefix = valid_utf8_prefix(std::string_view(text).substr(0, size));
    const bool inside = (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80;
    EXPECT_EQ(prefix == size, !inside) << size;
    EXPECT_LE(size - prefix, 3u);
  }
}

}  // namespace
}  // namespace till
