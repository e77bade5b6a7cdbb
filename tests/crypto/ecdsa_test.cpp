// Signing and verifying. Values: bitpay_vectors_test.cpp and wycheproof_test.cpp.
#include "core/crypto/ecdsa.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <thread>
#include <type_traits>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/sin.h"

namespace till {
namespace {

static_assert(!std::is_copy_constructible_v<SigningKey>);

// The order of the group (SEC 2, section 2.4.1).
constexpr std::string_view kOrder = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
constexpr std::string_view kOrderLessOne = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
constexpr std::string_view kHalfOrder = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
// The generator, which is the public key of 1.
constexpr std::string_view kGenerator = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

Result<SigningKey> key_of(std::string_view hex) { return SigningKey::from_hex(Secret(hex)); }
SigningKey some_key() { return key_of("31eb31ecf1a640cd91e0a1105501f36235f8c7d51d67dcf74ccc968d74cb6b25").value(); }
VerifyKey public_half(const SigningKey& key) { return VerifyKey::from_bytes(byte_view(key.public_key())).value(); }

TEST(SigningKey, only_64_hex_digits_below_the_order_are_a_key) {
  EXPECT_EQ(key_of(std::string(63, '0') + "1")->public_key_hex(), kGenerator);
  EXPECT_EQ(key_of(kOrderLessOne)->public_key_hex(), "03" + std::string(kGenerator.substr(2)));
  for (const std::string& bad :
       {std::string(), std::string(64, '0'), std::string(kOrder), std::string(64, 'f'), std::string(63, '1'),
        std::string(65, '1'), std::string(66, '1'), std::string(64, 'g'), std::string(32, '1')}) {
    const auto key = key_of(bad);
    ASSERT_FALSE(key.ok()) << bad;
    EXPECT_EQ(key.error().kind, ErrorKind::kConfiguration);
    EXPECT_TRUE(bad.empty() || key.error().message.find(bad) == std::string::npos) << "the error quotes the key";
  }
}

TEST(SigningKey, comes_back_from_its_hex_form) {
  const SigningKey key = SigningKey::generate();
  const Secret hex = key.hex();
  EXPECT_EQ(hex.size(), 64u);
  EXPECT_EQ(SigningKey::from_hex(hex)->public_key_hex(), key.public_key_hex());
}

TEST(SigningKey, generated_keys_differ_sign_and_have_a_sin) {
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const SigningKey key = SigningKey::generate();
    EXPECT_TRUE(public_half(key).verify("message", key.sign("message")));
    EXPECT_TRUE(is_valid_sin(sin_of(key.public_key()).value()));
    seen.insert(key.public_key_hex());
  }
  EXPECT_EQ(seen.size(), 50u);
}

// The s of a DER signature as 64 hex digits.
std::string s_of(const std::string& der) {
  const std::size_t r_size = static_cast<unsigned char>(der[3]);
  std::string s = hex_encode(der.substr(4 + r_size + 2));
  if (s.size() > 64) s.erase(0, s.size() - 64);
  return std::string(64 - s.size(), '0') + s;
}

TEST(SigningKey, signatures_are_deterministic_and_low_s) {
  const SigningKey key = some_key();
  for (int i = 0; i < 500; ++i) {
    const std::string message = "message " + std::to_string(i);
    const std::string der = key.sign(message);
    ASSERT_EQ(der, key.sign(message));
    ASSERT_LE(s_of(der), kHalfOrder);
    ASSERT_TRUE(public_half(key).verify(message, der));
  }
}

TEST(VerifyKey, every_flipped_bit_of_message_or_signature_is_noticed) {
  const SigningKey key = some_key();
  const VerifyKey verifier = public_half(key);
  std::string message = "https://bitpay.com/invoices{\"price\":500}";
  std::string der = key.sign(message);
  ASSERT_TRUE(verifier.verify(message, der));
  for (std::string* text : {&message, &der})
    for (std::size_t bit = 0; bit < text->size() * 8; ++bit) {
      char& byte = (*text)[bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      EXPECT_FALSE(verifier.verify(message, der)) << bit;
      byte = static_cast<char>(byte ^ 1 << bit % 8);
    }
}

TEST(VerifyKey, anything_but_one_whole_strict_der_signature_is_refused) {
  const SigningKey key = some_key();
  const VerifyKey verifier = public_half(key);
  const std::string der = key.sign("message");
  for (std::size_t size = 0; size < der.size(); ++size) EXPECT_FALSE(verifier.verify("message", der.substr(0, size)));
  EXPECT_FALSE(verifier.verify("message", der + '\0'));
  EXPECT_FALSE(verifier.verify("message", hex_encode(der)));
  EXPECT_FALSE(verifier.verify("message", std::string(100'000, '\x30')));
}

TEST(Ecdsa, views_of_nothing_are_empty_input) {
  const SigningKey key = some_key();
  EXPECT_FALSE(public_half(key).verify("message", std::string_view()));
  EXPECT_TRUE(public_half(key).verify(std::string_view(), key.sign("")));
  EXPECT_EQ(key.sign(std::string_view()), key.sign(""));
  EXPECT_FALSE(VerifyKey::from_bytes(std::string_view()).ok());
  EXPECT_FALSE(SigningKey::from_hex(Secret()).ok());
}

TEST(VerifyKey, another_key_does_not_verify) {
  EXPECT_FALSE(public_half(SigningKey::generate()).verify("message", some_key().sign("message")));
}

TEST(VerifyKey, only_points_of_the_curve_in_two_forms_are_a_key) {
  const std::string x(kGenerator.substr(2));
  const std::string y = "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
  EXPECT_TRUE(VerifyKey::from_hex("02" + x).ok());
  EXPECT_EQ(hex_encode(byte_view(VerifyKey::from_hex("04" + x + y)->compressed())), kGenerator);
  for (const std::string& bad :
       {std::string(), x, "04" + x, "05" + x, "06" + x + y, "07" + x + y, "00" + x, "02" + x + "00",
        "02" + std::string(64, 'f'), "04" + x + x, "02" + std::string(62, '0') + "05", std::string("zz") + x})
    EXPECT_EQ(VerifyKey::from_hex(bad).error().code, "invalid_public_key") << bad;
}

TEST(Ecdsa, one_key_serves_eight_threads) {
  const SigningKey key = some_key();
  const VerifyKey verifier = public_half(key);
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(key.sign(std::to_string(i)));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < expected.size(); ++i) {
        const std::string message = std::to_string(i);
        if (key.sign(message) != expected[i] || !verifier.verify(message, expected[i])) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(Ecdsa, works_in_a_forked_child_which_makes_other_keys) {
  const SigningKey key = some_key();
  const std::string before = key.sign("message");
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string mine = SigningKey::generate().public_key_hex();
    const bool good = key.sign("message") == before && ::write(ends[1], mine.data(), mine.size()) == 66;
    ::_exit(good ? 0 : 1);
  }
  ::close(ends[1]);
  std::string theirs(66, ' ');
  EXPECT_EQ(::read(ends[0], theirs.data(), theirs.size()), 66);
  ::close(ends[0]);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(SigningKey::generate().public_key_hex(), theirs);
}

}  // namespace
}  // namespace till
