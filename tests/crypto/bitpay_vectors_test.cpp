// What BitPay's own libraries publish: every group of tests/vectors/bitpay.json.
#include <gtest/gtest.h>

#include "core/base/bytes.h"
#include "core/crypto/base58check.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/hmac.h"
#include "core/crypto/sin.h"
#include "tests/crypto/vectors.h"

namespace till {
namespace {

class BitpayVectors : public testing::Test {
 protected:
  const json::Value vectors = load_vectors("bitpay.json");
};

SigningKey signing_key(const json::Value& one) {
  return SigningKey::from_hex(Secret(required_text(one, "priv"))).value();
}

std::string sin_of_hex(std::string_view public_key) {
  return sin_of(VerifyKey::from_hex(public_key).value().compressed()).value();
}

TEST_F(BitpayVectors, public_key_and_sin_follow_from_the_private_key) {
  for (const json::Value& one : cases_of(vectors, "priv_pub_sin")) {
    const SigningKey key = signing_key(one);
    EXPECT_EQ(key.public_key_hex(), required_text(one, "pub"));
    EXPECT_EQ(sin_of(key.public_key()).value(), required_text(one, "sin"));
    EXPECT_TRUE(is_valid_sin(required_text(one, "sin")));
  }
}

TEST_F(BitpayVectors, public_key_is_the_compressed_form_of_its_coordinates) {
  for (const json::Value& one : cases_of(vectors, "priv_pub_php")) {
    EXPECT_EQ(signing_key(one).public_key_hex(), required_text(one, "pub"));
    const auto point = VerifyKey::from_hex("04" + required_text(one, "x") + required_text(one, "y"));
    ASSERT_TRUE(point.ok());
    EXPECT_EQ(hex_encode(byte_view(point->compressed())), required_text(one, "pub"));
  }
}

TEST_F(BitpayVectors, base58_and_base58check_agree) {
  for (const json::Value& one : cases_of(vectors, "base58")) {
    const std::string bytes = bytes_of(one, "hex");
    EXPECT_EQ(base58_encode(bytes).value(), required_text(one, "base58"));
    EXPECT_EQ(base58_decode(required_text(one, "base58")).value(), bytes);
    EXPECT_EQ(base58check_encode(bytes).value(), required_text(one, "base58check"));
    EXPECT_EQ(base58check_decode(required_text(one, "base58check")).value(), bytes);
  }
}

TEST_F(BitpayVectors, published_signatures_are_accepted_high_s_included) {
  int high_s = 0;
  for (const json::Value& one : cases_of(vectors, "verify_only")) {
    const VerifyKey key = VerifyKey::from_hex(required_text(one, "pub")).value();
    EXPECT_TRUE(key.verify(required_text(one, "message"), bytes_of(one, "sig"))) << required_text(one, "message");
    EXPECT_FALSE(key.verify(required_text(one, "message") + " ", bytes_of(one, "sig")));
    EXPECT_EQ(signing_key(one).public_key_hex(), required_text(one, "pub"));
    high_s += one.find_bool("high_s").value() ? 1 : 0;
  }
  EXPECT_EQ(high_s, 4);
}

TEST_F(BitpayVectors, signatures_equal_the_published_ones_byte_for_byte) {
  for (const json::Value& one : cases_of(vectors, "sign_exact")) {
    const SigningKey key = signing_key(one);
    EXPECT_EQ(key.public_key_hex(), required_text(one, "pub"));
    EXPECT_EQ(hex_encode(key.sign(required_text(one, "message"))), required_text(one, "sig"));
  }
}

// A whole request as it is signed: address, then body.
TEST_F(BitpayVectors, request_signatures_equal_those_of_bitpays_own_signer) {
  const json::Value requests = load_vectors("bitauth_signatures.json");
  for (const json::Value& one : cases_of(requests, "vectors")) {
    const SigningKey key = signing_key(one);
    EXPECT_EQ(key.public_key_hex(), required_text(one, "pub"));
    EXPECT_EQ(sin_of_hex(required_text(one, "pub")), required_text(one, "sin"));
    EXPECT_EQ(hex_encode(key.sign(required_text(one, "url") + required_text(one, "body"))), required_text(one, "sig"));
  }
}

TEST_F(BitpayVectors, sin_follows_from_the_public_key) {
  for (const json::Value& one : cases_of(vectors, "pub_sin"))
    EXPECT_EQ(sin_of_hex(required_text(one, "pub")), required_text(one, "sin"));
}

TEST_F(BitpayVectors, sins_are_told_from_other_text) {
  for (const json::Value& one : cases_of(vectors, "sin_valid")) EXPECT_TRUE(is_valid_sin(*one.string()));
  for (const json::Value& one : cases_of(vectors, "sin_invalid")) EXPECT_FALSE(is_valid_sin(*one.string()));
}

TEST_F(BitpayVectors, hmac_of_a_webhook_agrees) {
  for (const json::Value& one : cases_of(vectors, "hmac")) {
    const HmacKey key = HmacKey::create(HmacHash::kSha256, Secret(required_text(one, "key"))).value();
    EXPECT_EQ(base64_encode(key.sign(required_text(one, "body")).bytes()), required_text(one, "x_signature"));
    EXPECT_TRUE(key.verify(required_text(one, "body"), base64_decode(required_text(one, "x_signature")).value()));
  }
}

}  // namespace
}  // namespace till
