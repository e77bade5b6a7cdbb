#include "core/crypto/ed25519.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"

namespace till {
namespace {

struct Vector {
  const char *key, *public_key, *message, *signature;
};

// RFC 8032, section 7.1, TEST 1 to 3.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
     "55141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
     "00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
     "027beceea1ec40a"}};

TEST(Ed25519, signs_and_verifies_as_rfc_8032_does) {
  for (const Vector& vector : kVectors) {
    const auto key = Ed25519Key::from_hex(Secret(vector.key));
    ASSERT_TRUE(key.ok());
    const std::string message = hex_decode(vector.message).value();
    EXPECT_EQ(hex_encode(key->public_key()), vector.public_key);
    EXPECT_EQ(hex_encode(key->sign(message).value()), vector.signature);
    EXPECT_EQ(key->hex().reveal(), vector.key);
    EXPECT_TRUE(ed25519_verify(key->public_key(), message, hex_decode(vector.signature).value()));
    EXPECT_FALSE(ed25519_verify(key->public_key(), message + "x", hex_decode(vector.signature).value()));
  }
}

TEST(Ed25519, keys_and_signatures_of_other_sizes_are_refused) {
  const auto key = Ed25519Key::generate().value();
  const std::string signature = key.sign("a").value();
  EXPECT_TRUE(ed25519_verify(key.public_key(), "a", signature));
  EXPECT_FALSE(ed25519_verify(key.public_key() + "x", "a", signature));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "a", signature + "x"));
  EXPECT_FALSE(ed25519_verify(key.public_key(), "a", signature.substr(0, 63)));
  EXPECT_FALSE(ed25519_verify("", "a", signature));
}

TEST(Ed25519, what_is_no_key_is_refused_without_showing_it) {
  for (const char* text : {"", "9d", "zz61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"}) {
    const auto key = Ed25519Key::from_hex(Secret(text));
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().message.find("b19d"), std::string::npos);
  }
}

TEST(Ed25519, new_keys_differ) {
  EXPECT_NE(Ed25519Key::generate().value().public_key(), Ed25519Key::generate().value().public_key());
}

}  // namespace
}  // namespace till
