// HMAC keys. Values of the codes: wycheproof_test.cpp.
#include "core/crypto/hmac.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace till {
namespace {

HmacKey make_key(std::string_view key, HmacHash hash = HmacHash::kSha256) {
  return HmacKey::create(hash, Secret(key)).value();
}

std::string openssl_hmac(std::string_view key, std::string_view message) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), byte_span(message).data(), message.size(), out, &size);
  return std::string(byte_view({out, size}));
}

TEST(HmacKey, empty_key_is_refused) {
  const auto key = HmacKey::create(HmacHash::kSha256, Secret());
  ASSERT_FALSE(key.ok());
  EXPECT_EQ(key.error().kind, ErrorKind::kConfiguration);
}

TEST(HmacKey, second_use_gives_what_the_first_gave) {
  for (const HmacHash hash : {HmacHash::kSha256, HmacHash::kSha384, HmacHash::kSha512}) {
    const HmacKey key = make_key("key", hash);
    const std::string first(key.sign("message").bytes());
    key.sign("another");
    EXPECT_EQ(key.sign("message").bytes(), first);
    EXPECT_NE(key.sign("another").bytes(), first);
  }
}

TEST(HmacKey, keys_on_one_thread_do_not_mix) {
  std::mt19937_64 random(30);
  std::vector<std::string> names;
  std::vector<HmacKey> keys;
  for (int i = 0; i < 50; ++i) {
    names.push_back("key " + std::to_string(i) + std::string(random() % 200, 'x'));
    keys.push_back(make_key(names.back()));
  }
  for (int i = 0; i < 2000; ++i) {
    const std::size_t which = random() % keys.size();
    const std::string message(random() % 300, static_cast<char>(random()));
    ASSERT_EQ(keys[which].sign(message).bytes(), openssl_hmac(names[which], message));
  }
}

TEST(HmacKey, parts_count_as_one_message) {
  const HmacKey key = make_key("key");
  const std::string_view parts[] = {"id", ".", "", "1700000000", ".", "{}"};
  EXPECT_EQ(key.sign_parts(parts).bytes(), key.sign("id.1700000000.{}").bytes());
  EXPECT_EQ(key.sign_parts({}).bytes(), key.sign("").bytes());
  EXPECT_EQ(key.sign(std::string_view()).bytes(), openssl_hmac("key", ""));
  EXPECT_FALSE(key.verify("", std::string_view()));
}

TEST(HmacKey, every_flipped_bit_is_noticed) {
  const HmacKey key = make_key("key");
  std::string message = "{\"amount\":\"48.25\"}";
  std::string mac(key.sign(message).bytes());
  ASSERT_TRUE(key.verify(message, mac));
  for (std::string* text : {&message, &mac})
    for (std::size_t bit = 0; bit < text->size() * 8; ++bit) {
      char& byte = (*text)[bit / 8];
      byte = static_cast<char>(byte ^ 1 << bit % 8);
      EXPECT_FALSE(key.verify(message, mac));
      byte = static_cast<char>(byte ^ 1 << bit % 8);
    }
  EXPECT_TRUE(key.verify(message, mac));
}

TEST(HmacKey, shortened_or_lengthened_code_is_refused) {
  const HmacKey key = make_key("key");
  const std::string mac(key.sign("message").bytes());
  for (std::size_t size = 0; size < mac.size(); ++size) EXPECT_FALSE(key.verify("message", mac.substr(0, size)));
  EXPECT_FALSE(key.verify("message", mac + '\0'));
}

void expect_right_on_threads(int thread_count) {
  const HmacKey key = make_key("shared");
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < thread_count; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 2000; ++i) {
        const std::string message = std::to_string(thread) + ":" + std::to_string(i);
        if (key.sign(message).bytes() != openssl_hmac("shared", message)) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(HmacKey, one_key_serves_eight_threads) { expect_right_on_threads(8); }
TEST(HmacKey, one_key_serves_more_threads_than_it_has_contexts) { expect_right_on_threads(40); }

TEST(HmacKey, works_in_a_forked_child) {
  const HmacKey key = make_key("key");
  const std::string mac(key.sign("message").bytes());
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(key.verify("message", mac) ? 0 : 1);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace till
