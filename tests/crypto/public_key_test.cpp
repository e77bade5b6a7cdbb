// Public keys: what is no key is refused, and a key verifies only by its own algorithm.
#include "core/crypto/public_key.h"

#include <gtest/gtest.h>

#include "tests/crypto/vectors.h"

namespace till {
namespace {

// The first case of a file that is as wanted, with its key.
struct Case {
  PublicKey key;
  std::string message, signature;
};

Case valid_case(const std::string& name) {
  const json::Value file = load_vectors("wycheproof/" + name);
  const json::Value& group = cases_of(file, "testGroups").front();
  for (const json::Value& test : cases_of(group, "tests"))
    if (required_text(test, "result") == "valid")
      return {PublicKey::from_spki(bytes_of(group, "publicKeyDer")).value(), bytes_of(test, "msg"),
              bytes_of(test, "sig")};
  throw std::runtime_error("no valid case in " + name);
}

TEST(PublicKey, only_its_own_algorithm_verifies) {
  const Case rsa = valid_case("rsa_signature_2048_sha256_test.json");
  EXPECT_TRUE(rsa.key.verify(SignatureAlgorithm::kRsaPkcs1Sha256, rsa.message, rsa.signature));
  EXPECT_FALSE(rsa.key.verify(SignatureAlgorithm::kRsaPkcs1Sha512, rsa.message, rsa.signature));
  EXPECT_FALSE(rsa.key.verify(SignatureAlgorithm::kEcdsaP256Sha256Der, rsa.message, rsa.signature));
  const Case p256 = valid_case("ecdsa_secp256r1_sha256_test.json");
  EXPECT_TRUE(p256.key.verify(SignatureAlgorithm::kEcdsaP256Sha256Der, p256.message, p256.signature));
  EXPECT_FALSE(p256.key.verify(SignatureAlgorithm::kEcdsaP256Sha256Raw, p256.message, p256.signature));
  EXPECT_FALSE(p256.key.verify(SignatureAlgorithm::kEcdsaSecp256k1Sha256Der, p256.message, p256.signature));
  EXPECT_FALSE(p256.key.verify(SignatureAlgorithm::kRsaPkcs1Sha256, p256.message, p256.signature));
}

TEST(PublicKey, what_is_no_key_is_refused) {
  for (const std::string_view text : {"", "x", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                                      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
    EXPECT_FALSE(PublicKey::from_pem(text).ok());
    EXPECT_FALSE(PublicKey::from_spki(text).ok());
    EXPECT_FALSE(PublicKey::from_ed25519(text).ok());
  }
  const std::string zero(32, '\0'), one(32, '\1');
  EXPECT_FALSE(PublicKey::from_point(Curve::kP256, zero, one).ok()) << "not on the curve";
  EXPECT_FALSE(PublicKey::from_point(Curve::kP256, zero.substr(1), one).ok()) << "too short";
}

TEST(PublicKey, a_short_rsa_key_is_refused) {
  std::string modulus(128, '\xff');
  const auto key = PublicKey::from_rsa(modulus, "\1");
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().kind, ErrorKind::kConfiguration);
  EXPECT_NE(key.error().message.find("1024"), std::string::npos);
}

TEST(PublicKey, trailing_bytes_after_the_key_are_refused) {
  const json::Value file = load_vectors("wycheproof/rsa_signature_2048_sha256_test.json");
  const std::string der = bytes_of(cases_of(file, "testGroups").front(), "publicKeyDer");
  EXPECT_TRUE(PublicKey::from_spki(der).ok());
  EXPECT_FALSE(PublicKey::from_spki(der + '\0').ok());
}

}  // namespace
}  // namespace till
