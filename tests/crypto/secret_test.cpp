// Secret: its bytes are wiped before their memory is given back, and it offers no way to compare, copy or print.
#include "core/crypto/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

// clang's sanitizers link their own operator delete[] into the program, and no second one beside it.
#define TILL_WATCHES_MEMORY 1
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#undef TILL_WATCHES_MEMORY
#define TILL_WATCHES_MEMORY 0
#endif
#endif

namespace {

#if TILL_WATCHES_MEMORY
// This program's array memory goes through here, so that a watched block can be looked at in the moment it is freed.
const void* watched = nullptr;
std::size_t watched_size = 0;
bool watched_was_freed = false;
bool watched_was_zero = false;

void free_array(void* block) {
  if (block != nullptr && block == watched) {
    const char* bytes = static_cast<const char*>(block);
    watched_was_freed = true;
    watched_was_zero = std::all_of(bytes, bytes + watched_size, [](char byte) { return byte == 0; });
    watched = nullptr;
  }
  std::free(block);
}

void watch(const till::Secret& secret) {
  watched = secret.reveal().data();
  watched_size = secret.size();
  watched_was_freed = watched_was_zero = false;
}
#endif

}  // namespace

#if TILL_WATCHES_MEMORY
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* operator new[](std::size_t size) {
  void* block = ::operator new[](size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete[](void* block) noexcept { free_array(block); }
void operator delete[](void* block, std::size_t) noexcept { free_array(block); }
#endif

namespace till {
namespace {

template <class T>
concept Comparable = requires(const T& left, const T& right) {
  left == right;
};
template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, std::string_view>);
static_assert(!Comparable<Secret>);
static_assert(!Printable<Secret>);

// Short enough for a std::string to keep inside itself: that would leave a copy behind on each move.
constexpr std::string_view kShort = "sk_1";
constexpr std::string_view kLong = "sk_test_4eC39HqLyjWDarjtT1zdp7dc_and_more_of_it_to_be_long";

class SecretWiping : public testing::TestWithParam<std::string_view> {};

#if TILL_WATCHES_MEMORY
TEST_P(SecretWiping, happens_when_it_dies) {
  {
    const Secret secret(GetParam());
    watch(secret);
  }
  EXPECT_TRUE(watched_was_freed);
  EXPECT_TRUE(watched_was_zero);
}

TEST_P(SecretWiping, happens_when_another_takes_its_place) {
  Secret secret(GetParam());
  watch(secret);
  secret = Secret("other");
  EXPECT_TRUE(watched_was_freed);
  EXPECT_TRUE(watched_was_zero);
  EXPECT_EQ(secret.reveal(), "other");
}
#endif

TEST_P(SecretWiping, move_leaves_no_copy_behind) {
  Secret first(GetParam());
  const char* bytes = first.reveal().data();
  const Secret second(std::move(first));
  EXPECT_EQ(second.reveal().data(), bytes);
  EXPECT_EQ(second.reveal(), GetParam());
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  EXPECT_EQ(first.reveal(), "");
}

INSTANTIATE_TEST_SUITE_P(ShortAndLong, SecretWiping, testing::Values(kShort, kLong));

TEST(Secret, clone_is_a_second_owner) {
  Secret first(kLong);
  const Secret second = first.clone();
  first = Secret();
  EXPECT_EQ(second.reveal(), kLong);
}

TEST(Secret, moving_into_itself_keeps_it) {
  Secret secret(kLong);
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), kLong);
}

TEST(Secret, keeps_any_bytes) {
  EXPECT_EQ(Secret(std::string_view("a\0b", 3)).reveal(), std::string_view("a\0b", 3));
  EXPECT_TRUE(Secret("").empty());
  EXPECT_TRUE(Secret().clone().empty());
}

}  // namespace
}  // namespace till
