// ASCII and percent encoding: the same in every locale.
#include "core/base/ascii.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"

namespace till {
namespace {

TEST(Ascii, lowers_and_compares_letters_of_ascii_alone) {
  EXPECT_EQ(to_lower("Content-TYPE \xc3\x84"), "content-type \xc3\x84");
  EXPECT_TRUE(same_word("X-Api-Key", "x-api-KEY"));
  EXPECT_FALSE(same_word("X-Api-Key", "X-Api-Keys"));
  EXPECT_FALSE(same_word("\xc3\x84", "\xc3\xa4"));
  EXPECT_FALSE(same_word("[", "{"));
}

TEST(Ascii, trims_spaces_and_tabs_alone) {
  EXPECT_EQ(trim(" \t a b\t"), "a b");
  EXPECT_EQ(trim("a\n"), "a\n");
  EXPECT_EQ(trim(" \t"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Ascii, knows_control_characters) {
  for (const char c : {'\0', '\t', '\n', '\x1f', '\x7f'}) EXPECT_TRUE(is_control(c));
  for (const char c : {' ', '~', '\x80', '\xff'}) EXPECT_FALSE(is_control(c));
}

// RFC 9110, section 5.6.2.
TEST(Ascii, tokens_are_of_the_characters_that_headers_names_are_made_of) {
  const std::string fits = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  EXPECT_TRUE(is_token(fits));
  EXPECT_FALSE(is_token(""));
  for (int code = 0; code < 256; ++code) {
    const char c = static_cast<char>(code);
    EXPECT_EQ(is_token(std::string("X") + c), fits.find(c) != std::string::npos) << code;
  }
}

// RFC 3986, section 2.3.
TEST(PercentEncoding, leaves_the_unreserved_characters_alone) {
  const std::string unreserved = "ABCXYZabcxyz0123456789-._~";
  EXPECT_EQ(percent_encode(unreserved), unreserved);
  EXPECT_EQ(percent_encode("a/b?c d&\xc3\xa9%\n"), "a%2Fb%3Fc%20d%26%C3%A9%25%0A");
  std::string out = "q=";
  percent_encode("+", out);
  EXPECT_EQ(out, "q=%2B");
}

}  // namespace
}  // namespace till
