// Private keys: what they sign, the public key of the pair verifies; what is no key is refused and asks nobody.
#include "core/crypto/private_key.h"

#include <gtest/gtest.h>

#include "core/base/encoding.h"
#include "core/crypto/ed25519.h"

namespace till {
namespace {

// Made for these tests with `openssl genpkey`; they guard nothing.
struct Pair {
  SignatureAlgorithm algorithm;
  const char *private_key, *public_key;
};

constexpr const char* kP256 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd+gBWvxtVM+81Dr0\n"
    "gSYxAVdvFpks6uG5C18Fm0OsmoOhRANCAARNk7vT4VJZLPcS0y1YuqCbOGK7HzmR\n"
    "0/IhbmNe1WBu4/zNjSwbwduIuOqX3JGLIMDWMTCM5cgJRX3mpPVLJ/7B\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kP256Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETZO70+FSWSz3EtMtWLqgmzhiux85\n"
    "kdPyIW5jXtVgbuP8zY0sG8HbiLjql9yRiyDA1jEwjOXICUV95qT1Syf+wQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kP521 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIA28dh3vYdIdU2gyTT\n"
    "YcA14+8mfAGMbLaDBb0C4NS2MYDAwaQyN5OIroQxgCNaC5ZtqpwcTlIavKT19cYG\n"
    "2bD/fLShgYkDgYYABAGFM97ODvcvNalPtS6pZnOPVIYL0UHFgnBo0VU9oxjBac5d\n"
    "6wDyNpJiacIJbfdOvFmzcVoSPBhkyhg7pxyHcUpYewGOZNfpfXEB14d6Pdgmo/vh\n"
    "7MjD0QR4QKr9FjZdffl6/L9jF/tPWueVLtzDUTYHv+m3bLvhvHTxzquInPO7CG0W\n"
    "kQ==\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kP521Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBhTPezg73LzWpT7UuqWZzj1SGC9FB\n"
    "xYJwaNFVPaMYwWnOXesA8jaSYmnCCW33TrxZs3FaEjwYZMoYO6cch3FKWHsBjmTX\n"
    "6X1xAdeHej3YJqP74ezIw9EEeECq/RY2XX35evy/Yxf7T1rnlS7cw1E2B7/pt2y7\n"
    "4bx08c6riJzzuwhtFpE=\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kSecp256k1 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQghi7CgId3Y6/OYYgyu1ZX\n"
    "CHDS6+TTjv97s2w5xs8Z2pihRANCAAR01KiLUKTdGC9yMsYO7jGiU20qaTVOAOl4\n"
    "dqgXeur4mcTgsS3NeK/mmCcgoH4/5R5l4Dr3wG7Yx5Jnfmbmn9EV\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kSecp256k1Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEdNSoi1Ck3RgvcjLGDu4xolNtKmk1TgDp\n"
    "eHaoF3rq+JnE4LEtzXiv5pgnIKB+P+UeZeA698Bu2MeSZ35m5p/RFQ==\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kEd25519 =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEICH6yhiI1X30cCu6HPdffDo/q30Coz0HtNHu9kaLAhbE\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kEd25519Public =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEATQT8pSeAmJnnRzaoa7WMxnuaeawnPvHK87zqD+9mWLA=\n"
    "-----END PUBLIC KEY-----\n";
constexpr const char* kRsa =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQCr6lIyl42BVM7P\n"
    "pkFqUB/kUAF2WPOnVKbew9QQ/UYPp3ZQP05cCcIQlmtYoNx+O/4H1N/AqoWGoB37\n"
    "9+cNCBJN6y20p95vVlrLSE3VCXzhNOEnA3a3Z+b3iO6sDGaZDNttfCl5FbQVwe1v\n"
    "TaG8VcocteG5szyS5YilNv/es+3G/u2r6+a1oVH2gmaaBxbu6p3+aCerqIg8vgrI\n"
    "Zj22QVv7FslYpvj8pu5hheVb7uGH1Y23gv7EzwFkjg4GQu6knngrLoyJFqGz7JjT\n"
    "JB9GC645ghxhIubGJ9Rlruy++qqoRmjk8sW9qR5btTorJSd4XixAYg1s6qQVzP5W\n"
    "0CvNMosHAgMBAAECggEAO3RRMw/4rzauQ2ADFYpaTTJiHxTKRx9eioH9MFb3SOio\n"
    "YT5Tkj8Jr4Tl4QPY3YtP4lN7gn02qoVreT2V2YrmEa544xZ/NdAOnGkICdo7JwOL\n"
    "rltjTjCPzyG7MSMkxF+O74FWMnsQCcpEnA6kFacxu9YnF3rmQwNAy6qGuPVPEVd8\n"
    "8Uj0pkwxEiMl1DzDX7C46JmnCOXCzQvS4CkTvByPcOMxK1Mj1QKbHNMuVhWkGxkk\n"
    "Rpsv4t+03VdinrN9WmtojOOkzTA8B4NAKVUpqBmEzOjr4152j0J4sZ0YMhpDl2z7\n"
    "tA8u+SLET0YkD2pxMdZlU+trbUkperPAhpvFUA9d4QKBgQDoBExaquWcwnLACEPP\n"
    "1QZ4NvfG78pF2SyvlC/w8jdEd2Yr4bKKeJR56Tv+rRU1RqyLb0F80Y1QkNv3ctyS\n"
    "TrJZKlQkH8bFbFNnd0bxZhxl4A75G2TdwRb2grX7NGGRirucngkbFm7hmFL4Z6sW\n"
    "bY+sRLiZxwRsOW5XE0WkkpXWUQKBgQC9r5k+xTQNJGGbcIPcakyBkcgZOwpTB1Cd\n"
    "UD8oAofx+esTvVGf4mnxudo/rEOVXNR8DlGhmRUUIa84PrtPM1zMwu6bUdFsH6ro\n"
    "Lv8tV0ZvgRB0wx+ivGHuXW9FhGFwp53OT0LROMy6UUErkvKzdd1igs8PXRAUdsfF\n"
    "25ciYNZ91wKBgQCDTdNsSGUTlxPby5Gc7+DubaVCB3iAmQxp/UI4aMuQSsYetWcW\n"
    "aHEWoUEbuxZShUGm03rLSchgvOpPmshrYHAceBEQNI+IMOrulhknCnOtz+SJY9Bs\n"
    "kxcMwSJ+HMHO3SWZ1/ItSz/LGipyfDDdy3lQs7+I/5FoMgRY8QYrwe1cUQKBgQCV\n"
    "TSHRxmax8XDiaC1h0ElnstdNBKubrqZFLGSJmXRngc8GOn2E2zGIkkC23WBUsDyP\n"
    "aLXX/CYbMmg4XSgRrtvcT5J/rmaoNETRfCxeA9Ps8CmDvhGohZ6Pf/uVPB12Dnin\n"
    "arus8ogyHsKtCXz+xEb8wvk3noiJkvSrR6wt4wrxAQKBgGKodavu+V7q0jkmIVaZ\n"
    "KnTvY4QwUGtN5+Ne2C8nTge19dpeUmuEzmRTeql+nSMJOUAHuSpHAr6+rXEXJq0s\n"
    "p/ZT17W67kZLbcbIUeWPcFhqXOmtdF8CMBtjJhwIBOVyGhp9MIrQDseh5A7LEV5t\n"
    "/+wmXfHn0zoqYqI1+uxQ9LNv\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kRsaPublic =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq+pSMpeNgVTOz6ZBalAf\n"
    "5FABdljzp1Sm3sPUEP1GD6d2UD9OXAnCEJZrWKDcfjv+B9TfwKqFhqAd+/fnDQgS\n"
    "TesttKfeb1Zay0hN1Ql84TThJwN2t2fm94jurAxmmQzbbXwpeRW0FcHtb02hvFXK\n"
    "HLXhubM8kuWIpTb/3rPtxv7tq+vmtaFR9oJmmgcW7uqd/mgnq6iIPL4KyGY9tkFb\n"
    "+xbJWKb4/KbuYYXlW+7hh9WNt4L+xM8BZI4OBkLupJ54Ky6MiRahs+yY0yQfRguu\n"
    "OYIcYSLmxifUZa7svvqqqEZo5PLFvakeW7U6KyUneF4sQGINbOqkFcz+VtArzTKL\n"
    "BwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
constexpr Pair kPairs[] = {{SignatureAlgorithm::kEcdsaP256Sha256Der, kP256, kP256Public},
                           {SignatureAlgorithm::kEcdsaP256Sha256Raw, kP256, kP256Public},
                           {SignatureAlgorithm::kEcdsaP521Sha512Raw, kP521, kP521Public},
                           {SignatureAlgorithm::kEcdsaSecp256k1Sha256Der, kSecp256k1, kSecp256k1Public},
                           {SignatureAlgorithm::kEd25519, kEd25519, kEd25519Public},
                           {SignatureAlgorithm::kRsaPkcs1Sha256, kRsa, kRsaPublic},
                           {SignatureAlgorithm::kRsaPkcs1Sha512, kRsa, kRsaPublic}};
constexpr const char* kShortRsa =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIICeAIBADANBgkqhkiG9w0BAQEFAASCAmIwggJeAgEAAoGBAMk+72aixaSTaG2q\n"
    "q1B6seJUDK5EpH7h3DpKrUUGprDv+ETVDUMWqYxlan5BT1FrFopqVlFgs8fVkiAX\n"
    "GMoZGrjYxsgzu0hhK6YRHUqJoYh97qYtK2Te/7nBQANcCTo8+Cl/cOdqSHY6o/WX\n"
    "Mmfa0pcq9j7ECDGqe5UgugiYsE1fAgMBAAECgYAa3aD+FarG7rrZMRiPtOF8cnYC\n"
    "6b0AB0zsJz38YgfsxQxivAJ6O1NFH+DYnAVnvCEVN17wnDVD7zoDuLGhgTp0yDGI\n"
    "F8xiHk6ouPai+KjsPHluBe3QHr3LhSH9nM6C7LQo1F/qPPdrWZsxdleRwYFEjkON\n"
    "RFcCYmWVzhnb/4yRMQJBAOpW2Bi1J5fdOfFs4S4AX7FMgqqiFC3GwaOCXAnuTeMu\n"
    "Xf4yQiA41YF9fixEo8GRBjTlkSL6nMPry9zPcYF6z6kCQQDb2QECKvgujdu0f1f3\n"
    "8TCZq94uatMIEfUTQCmun4olcFR8oQffEMJ9NXmgNhDYw+uBwGa0cdYNRjCuWLlI\n"
    "wnnHAkEAyIulyA9QYQDsk5ZQZ2PegQcvVAP9LOfJ07q+NamBcoi928r7GERLQ9Q3\n"
    "5H6hfgg0vZQxTzQWcP0crE3Dn8GQcQJBALkTBtFPYRy32WQq6+BTj+leES2cSkl5\n"
    "7ImnMy/JKN/5n3ZHjbvQfRow4VHpEeeZj3HsicmQJ3WHSEYNdPV2mlMCQQCoMg00\n"
    "OG5m38WAiNsavsExu1lWKkTQkzIDnSdKFgz2bCuwY2YxL9LR+bHx0Ju8U56xw3FG\n"
    "7TcFT5/9eAGrFzer\n"
    "-----END PRIVATE KEY-----\n";
constexpr const char* kEncrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgBcWeb+6BALgICCAAw\n"
    "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEGp7zvkMe6MvlRGIhKb10ekEQBuU\n"
    "Sr0eULPeB5ADG3h8RmN/Tbbona8IW7wjmZwig0/40qdG/G/dPOA0nITTKjFeP/pH\n"
    "3zOTkv/v1zkDj9jYaYY=\n"
    "-----END ENCRYPTED PRIVATE KEY-----\n";

TEST(PrivateKey, the_public_key_of_the_pair_verifies_what_it_signs) {
  for (const Pair& pair : kPairs) {
    const auto key = PrivateKey::from_pem(Secret(pair.private_key));
    ASSERT_TRUE(key.ok()) << key.error().message;
    const auto signature = key->sign(pair.algorithm, "message");
    ASSERT_TRUE(signature.ok());
    const auto peer = PublicKey::from_pem(pair.public_key);
    ASSERT_TRUE(peer.ok());
    EXPECT_TRUE(peer->verify(pair.algorithm, "message", *signature));
    EXPECT_FALSE(peer->verify(pair.algorithm, "massage", *signature));
  }
}

TEST(PrivateKey, a_key_signs_with_its_own_algorithm_only) {
  for (const Pair& pair : kPairs)
    for (const Pair& other : kPairs) {
      if (pair.private_key == other.private_key) continue;
      const auto signature = PrivateKey::from_pem(Secret(pair.private_key))->sign(other.algorithm, "message");
      ASSERT_FALSE(signature.ok());
      EXPECT_EQ(signature.error().kind, ErrorKind::kConfiguration);
    }
}

// RFC 8032, section 7.1, test 2.
TEST(PrivateKey, ed25519_signs_as_published) {
  const auto bytes = hex_decode("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb").value();
  const auto key = PrivateKey::from_ed25519(bytes);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(hex_encode(key->sign(SignatureAlgorithm::kEd25519, "\x72").value()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_FALSE(PrivateKey::from_ed25519(bytes + "x").ok());
  EXPECT_FALSE(PrivateKey::from_ed25519("").ok());
}

TEST(PrivateKey, what_is_no_key_is_refused) {
  for (const char* text :
       {"", "x", kPairs[0].public_key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto key = PrivateKey::from_pem(Secret(text));
    ASSERT_FALSE(key.ok());
    EXPECT_EQ(key.error().kind, ErrorKind::kConfiguration);
  }
}

TEST(PrivateKey, a_short_rsa_key_is_refused) {
  const auto key = PrivateKey::from_pem(Secret(kShortRsa));
  ASSERT_FALSE(key.ok());
  EXPECT_NE(key.error().message.find("1024"), std::string::npos);
}

TEST(PrivateKey, an_encrypted_key_is_refused_and_no_password_is_asked_for) {
  const auto key = PrivateKey::from_pem(Secret(kEncrypted));
  ASSERT_FALSE(key.ok());
  EXPECT_NE(key.error().message.find("encrypted"), std::string::npos);
}

}  // namespace
}  // namespace till
