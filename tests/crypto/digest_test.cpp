// Digests. SHA-2 vectors: FIPS 180-4 examples ("abc", and "" by NIST's CAVP); RIPEMD-160: its authors' test values.
#include "core/crypto/digest.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/encoding.h"
#include "core/crypto/constant_time.h"

namespace till {
namespace {

template <class Bytes>
std::string hex(const Bytes& bytes) {
  return hex_encode(byte_view(bytes));
}

TEST(Digest, sha2_agrees_with_nist) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha384("abc")),
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  EXPECT_EQ(
      hex(sha512("abc")),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e"
      "2a9ac94fa54ca49f");
}

TEST(Digest, ripemd160_agrees_with_its_authors) {
  EXPECT_EQ(hex(ripemd160("").value()), "9c1185a5c5e9fc54612808977ee8f548b2258d31");
  EXPECT_EQ(hex(ripemd160("abc").value()), "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc");
  EXPECT_EQ(hex(ripemd160("message digest").value()), "5d0689ef49d2fae572b881b123a85ffa21595f36");
  EXPECT_EQ(hex(ripemd160(std::string(1'000'000, 'a')).value()), "52783243c1697bdbe16d37f97f68f08325dc1528");
}

TEST(Digest, algorithms_take_turns_on_one_thread) {
  const Sha256 first = sha256("x");
  EXPECT_NE(hex(sha512("x")), hex(sha384("x")));
  EXPECT_TRUE(ripemd160("x").ok());
  EXPECT_EQ(sha256("x"), first);
}

TEST(ConstantTimeEqual, is_equality) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("secret", "secret"));
  EXPECT_FALSE(constant_time_equal("secret", "secres"));
  EXPECT_FALSE(constant_time_equal("secret", "tecret"));
  EXPECT_FALSE(constant_time_equal("secret", "secre"));
  EXPECT_FALSE(constant_time_equal("secret", ""));
  EXPECT_FALSE(constant_time_equal(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace till
