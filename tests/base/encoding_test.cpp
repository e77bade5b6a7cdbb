// Hex, base64 and base58. Base64 vectors: RFC 4648 section 10. Base58 vectors: BitPay's keyutils, in tests/crypto.
#include "core/base/encoding.h"

#include <gtest/gtest.h>

#include <random>

namespace till {
namespace {

std::string random_text(std::mt19937_64& random, std::size_t max_size) {
  std::string bytes(random() % (max_size + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

TEST(Hex, writes_lower_case_and_reads_both) {
  EXPECT_EQ(hex_encode(std::string_view("\x00\x0f\xf0\xff", 4)), "000ff0ff");
  EXPECT_EQ(hex_decode("000FF0ff").value(), std::string("\x00\x0f\xf0\xff", 4));
  EXPECT_EQ(hex_decode("").value(), "");
}

TEST(Hex, odd_length_and_other_characters_are_refused) {
  for (const std::string_view bad : {"0", "abc", "0g", "g0", "0x", " 0", "0-", "\xff\xff"})
    EXPECT_EQ(hex_decode(bad).error().code, "invalid_encoding") << bad;
}

TEST(Hex, errors_never_quote_the_text) {
  EXPECT_EQ(hex_decode("5ec7e7_5ec7e7!").error().message.find("5ec7"), std::string::npos);
}

TEST(Base64, agrees_with_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text).value(), bytes);
  }
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
}

TEST(Base64, only_the_canonical_text_is_accepted) {
  for (const std::string_view bad : {"Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=", "====", "Z===", "Zm9v\n", " Zm9v",
                                     "Zm-_", "Zm9v====", "Zg==\n\n\n\n", "Z=g="})
    EXPECT_EQ(base64_decode(bad).error().code, "invalid_encoding") << bad;
}

TEST(Base58, leading_zero_bytes_are_leading_ones) {
  EXPECT_EQ(base58_encode(std::string("\0\0\1", 3)).value(), "112");
  EXPECT_EQ(base58_decode("112").value(), std::string("\0\0\1", 3));
  EXPECT_EQ(base58_encode("").value(), "");
  EXPECT_EQ(base58_decode("").value(), "");
}

TEST(Base58, look_alike_letters_and_other_characters_are_refused) {
  for (const std::string_view bad : {"0", "O", "I", "l", "not#base!58", "a b", "\xc3\xa4"})
    EXPECT_EQ(base58_decode(bad).error().code, "invalid_encoding") << bad;
}

TEST(Base58, its_size_limit_holds_both_ways) {
  const std::string largest(kMaxBase58Bytes, '\xff');
  const std::string text = base58_encode(largest).value();
  EXPECT_EQ(base58_decode(text).value(), largest);
  EXPECT_FALSE(base58_encode(largest + '\0').ok());
  EXPECT_FALSE(base58_decode("1" + text).ok());
  EXPECT_FALSE(base58_decode(text + "z").ok());
  EXPECT_TRUE(base58_decode(std::string(kMaxBase58Bytes, '1')).ok());
  EXPECT_FALSE(base58_decode(std::string(kMaxBase58Bytes + 1, '1')).ok());
  EXPECT_FALSE(base58_decode(std::string(1'000'000, 'z')).ok());
}

TEST(Encodings, any_bytes_come_back_as_they_were) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    const std::string bytes = random_text(random, 60);
    EXPECT_EQ(hex_decode(hex_encode(bytes)).value(), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes)).value(), bytes);
    EXPECT_EQ(base58_decode(base58_encode(bytes).value()).value(), bytes);
  }
}

TEST(Encodings, text_that_decodes_is_the_text_that_encodes) {
  std::mt19937_64 random(2);
  constexpr std::string_view kAlphabet = "ABCDYZabz0129+/=";
  int decoded = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string text(random() % 9, ' ');
    for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
    if (const auto bytes = base64_decode(text); bytes.ok() && ++decoded) {
      EXPECT_EQ(base64_encode(*bytes), text);
    }
    if (const auto bytes = base58_decode(text); bytes.ok()) {
      EXPECT_EQ(base58_encode(*bytes).value(), text);
    }
  }
  EXPECT_GT(decoded, 100);
}

}  // namespace
}  // namespace till
