// Wycheproof: valid is accepted, invalid is refused.
#include <gtest/gtest.h>

#include "core/crypto/ecdsa.h"
#include "core/crypto/ed25519.h"
#include "core/crypto/hmac.h"
#include "core/crypto/public_key.h"
#include "tests/crypto/vectors.h"

namespace till {
namespace {

// Calls check(group, test, valid) for each case and returns their number. "acceptable" is what is decided here: the one
// such case in each RSA file lacks a NULL that RFC 8017 demands, and is refused.
template <class Check>
std::int64_t for_each_case(const json::Value& file, Check check) {
  std::int64_t count = 0;
  for (const json::Value& group : cases_of(file, "testGroups"))
    for (const json::Value& test : cases_of(group, "tests")) {
      const std::string result = required_text(test, "result");
      const bool missing_null =
          result == "acceptable" && (*test.find("flags")->array())[0] == json::Value("MissingNull");
      EXPECT_TRUE(result == "valid" || result == "invalid" || missing_null) << result;
      check(group, test, result == "valid");
      ++count;
    }
  return count;
}

std::string name_of(const json::Value& test) {
  return std::to_string(test.find_integer("tcId").value()) + ": " + required_text(test, "comment");
}

TEST(Wycheproof, ecdsa_secp256k1_sha256) {
  const json::Value file = load_vectors("wycheproof/ecdsa_secp256k1_sha256_test.json");
  const auto count = for_each_case(file, [](const json::Value& group, const json::Value& test, bool valid) {
    const auto key = VerifyKey::from_hex(required_text(*group.find("publicKey"), "uncompressed"));
    ASSERT_TRUE(key.ok());
    EXPECT_EQ(key->verify(bytes_of(test, "msg"), bytes_of(test, "sig")), valid) << name_of(test);
  });
  EXPECT_EQ(count, file.find_integer("numberOfTests"));
}

TEST(Wycheproof, ed25519) {
  const json::Value file = load_vectors("wycheproof/ed25519_test.json");
  const auto count = for_each_case(file, [](const json::Value& group, const json::Value& test, bool valid) {
    const std::string key = bytes_of(*group.find("publicKey"), "pk");
    EXPECT_EQ(ed25519_verify(key, bytes_of(test, "msg"), bytes_of(test, "sig")), valid) << name_of(test);
  });
  EXPECT_EQ(count, file.find_integer("numberOfTests"));
}

void check_public_key(const std::string& name, SignatureAlgorithm algorithm) {
  const json::Value file = load_vectors("wycheproof/" + name);
  const auto count = for_each_case(file, [algorithm](const json::Value& group, const json::Value& test, bool valid) {
    const auto from_der = PublicKey::from_spki(bytes_of(group, "publicKeyDer"));
    const auto from_pem = PublicKey::from_pem(required_text(group, "publicKeyPem"));
    ASSERT_TRUE(from_der.ok() && from_pem.ok());
    EXPECT_EQ(from_der->verify(algorithm, bytes_of(test, "msg"), bytes_of(test, "sig")), valid) << name_of(test);
    EXPECT_EQ(from_pem->verify(algorithm, bytes_of(test, "msg"), bytes_of(test, "sig")), valid) << name_of(test);
  });
  EXPECT_EQ(count, file.find_integer("numberOfTests"));
}

TEST(Wycheproof, rsa_pkcs1_sha256) {
  check_public_key("rsa_signature_2048_sha256_test.json", SignatureAlgorithm::kRsaPkcs1Sha256);
}
TEST(Wycheproof, rsa_pkcs1_sha512) {
  check_public_key("rsa_signature_2048_sha512_test.json", SignatureAlgorithm::kRsaPkcs1Sha512);
}
TEST(Wycheproof, ecdsa_p256_der) {
  check_public_key("ecdsa_secp256r1_sha256_test.json", SignatureAlgorithm::kEcdsaP256Sha256Der);
}
TEST(Wycheproof, ecdsa_p256_raw) {
  check_public_key("ecdsa_secp256r1_sha256_p1363_test.json", SignatureAlgorithm::kEcdsaP256Sha256Raw);
}
TEST(Wycheproof, ecdsa_p521_raw) {
  check_public_key("ecdsa_secp521r1_sha512_p1363_test.json", SignatureAlgorithm::kEcdsaP521Sha512Raw);
}
TEST(Wycheproof, ecdsa_secp256k1_by_openssl) {
  check_public_key("ecdsa_secp256k1_sha256_test.json", SignatureAlgorithm::kEcdsaSecp256k1Sha256Der);
}

void check_hmac(const std::string& name, HmacHash hash) {
  const json::Value file = load_vectors("wycheproof/" + name);
  const auto count = for_each_case(file, [hash](const json::Value& group, const json::Value& test, bool valid) {
    const auto key = HmacKey::create(hash, Secret(bytes_of(test, "key")));
    ASSERT_TRUE(key.ok());
    const std::string message = bytes_of(test, "msg"), tag = bytes_of(test, "tag");
    const Mac mac = key->sign(message);
    const auto tag_bytes = static_cast<std::size_t>(group.find_integer("tagSize").value() / 8);
    EXPECT_EQ(mac.bytes().substr(0, tag_bytes) == tag, valid) << name_of(test);
    // Only whole codes are accepted, whoever truncated them.
    EXPECT_EQ(key->verify(message, tag), valid && tag_bytes == mac.bytes().size()) << name_of(test);
  });
  EXPECT_EQ(count, file.find_integer("numberOfTests"));
}

TEST(Wycheproof, hmac_sha1) { check_hmac("hmac_sha1_test.json", HmacHash::kSha1); }
TEST(Wycheproof, hmac_sha256) { check_hmac("hmac_sha256_test.json", HmacHash::kSha256); }
TEST(Wycheproof, hmac_sha384) { check_hmac("hmac_sha384_test.json", HmacHash::kSha384); }
TEST(Wycheproof, hmac_sha512) { check_hmac("hmac_sha512_test.json", HmacHash::kSha512); }

}  // namespace
}  // namespace till
