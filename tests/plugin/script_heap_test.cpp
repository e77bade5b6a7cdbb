// The memory of a sandbox: contents survive, the cap holds, shrinking never fails.
#include "core/plugin/script_heap.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace till::plugin {
namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{1} << 40;

struct Block {
  unsigned char* data = nullptr;
  std::size_t size = 0;
  unsigned char filled_with = 0;
};

TEST(ScriptHeap, blocks_keep_their_bytes_through_any_changes_of_size) {
  ScriptHeap heap(8u << 20, kPlenty);
  std::mt19937 random(7);
  std::vector<Block> blocks(300);
  std::size_t expected_in_use = 0;
  for (int round = 0; round < 20'000; ++round) {
    Block& block = blocks[random() % blocks.size()];
    const std::size_t size = random() % 4 == 0 ? 0 : random() % (random() % 8 == 0 ? 9000 : 300) + 1;
    for (std::size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.data[i], block.filled_with);
    auto* data = static_cast<unsigned char*>(ScriptHeap::allocate(&heap, block.data, block.size, size));
    if (size == 0) {
      ASSERT_EQ(data, nullptr);
    } else {
      ASSERT_NE(data, nullptr);
      for (std::size_t i = 0; i < std::min(size, block.size); ++i) ASSERT_EQ(data[i], block.filled_with);
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(data) % 16, 0u);
    }
    expected_in_use = expected_in_use - block.size + size;
    block = {data, size, static_cast<unsigned char>(round)};
    if (size > 0) std::memset(data, block.filled_with, size);
    ASSERT_EQ(heap.bytes_in_use(), expected_in_use);
  }
}

TEST(ScriptHeap, cap_refuses_and_what_is_given_back_can_be_taken_again) {
  ScriptHeap heap(1u << 20, kPlenty);
  void* most = ScriptHeap::allocate(&heap, nullptr, 0, 900'000);
  ASSERT_NE(most, nullptr);
  EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 200'000), nullptr);
  EXPECT_EQ(ScriptHeap::allocate(&heap, most, 900'000, 1'100'000), nullptr);
  EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, SIZE_MAX), nullptr);
  ScriptHeap::allocate(&heap, most, 900'000, 0);
  EXPECT_NE(ScriptHeap::allocate(&heap, nullptr, 0, 900'000), nullptr);
}

TEST(ScriptHeap, a_table_of_too_many_entries_is_refused_and_a_list_or_text_of_that_size_is_not) {
  ScriptHeap heap(8u << 20, kPlenty);
  constexpr std::size_t kEntryBytes = 24;
  constexpr std::size_t kListValueBytes = 16;
  constexpr std::size_t kTextTag = 4;
  constexpr std::size_t kMost = ScriptHeap::kMaxTableEntries;
  EXPECT_NE(ScriptHeap::allocate(&heap, nullptr, 0, kMost * kEntryBytes), nullptr);
  EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 2 * kMost * kEntryBytes), nullptr);
  EXPECT_NE(ScriptHeap::allocate(&heap, nullptr, 0, 2 * kMost * kListValueBytes), nullptr);
  EXPECT_NE(ScriptHeap::allocate(&heap, nullptr, kTextTag, 2 * kMost * kEntryBytes), nullptr);
}

TEST(ScriptHeap, small_blocks_count_against_the_cap) {
  ScriptHeap heap(1u << 20, kPlenty);
  std::size_t taken = 0;
  while (ScriptHeap::allocate(&heap, nullptr, 0, 48) != nullptr) taken += 48;
  EXPECT_LE(taken, std::size_t{1} << 20);
  EXPECT_GT(taken, std::size_t{1} << 19);
}

TEST(ScriptHeap, shrinking_succeeds_when_nothing_is_left) {
  ScriptHeap heap(100'000, kPlenty);
  void* large = ScriptHeap::allocate(&heap, nullptr, 0, 30'000);
  ASSERT_NE(large, nullptr);
  std::memset(large, 'x', 30'000);
  while (ScriptHeap::allocate(&heap, nullptr, 0, 16) != nullptr) {
  }
  auto* shrunk = static_cast<char*>(ScriptHeap::allocate(&heap, large, 30'000, 100));
  ASSERT_NE(shrunk, nullptr);
  EXPECT_EQ(shrunk[99], 'x');
}

TEST(ScriptHeap, work_limit_ends_growth_for_good) {
  ScriptHeap heap(1u << 20, 10'000);
  void* block = nullptr;
  std::size_t size = 0;
  for (int i = 0; i < 100 && !heap.is_overworked(); ++i) {
    if (void* next = ScriptHeap::allocate(&heap, block, size, 1000)) block = next, size = 1000;
    block = ScriptHeap::allocate(&heap, block, size, 0), size = 0;
  }
  EXPECT_TRUE(heap.is_overworked());
  EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 1), nullptr);
}

// Fills blocks of all sizes, some beyond one chunk.
std::vector<Block> filled_blocks(ScriptHeap& heap, std::mt19937& random, unsigned char with) {
  std::vector<Block> blocks(200);
  for (Block& block : blocks) {
    const std::size_t size = random() % (random() % 8 == 0 ? 20'000 : 300) + 1;
    block = {static_cast<unsigned char*>(ScriptHeap::allocate(&heap, nullptr, 0, size)), size, with};
    std::memset(block.data, with, size);
  }
  return blocks;
}

TEST(ScriptHeap, rewinds_to_the_very_bytes_that_it_was_sealed_with) {
  ScriptHeap heap(16u << 20, kPlenty);
  std::mt19937 random(11);
  const std::vector<Block> sealed = filled_blocks(heap, random, 'a');
  ScriptHeap::allocate(&heap, sealed[0].data, sealed[0].size, 0);
  const std::size_t in_use = heap.bytes_in_use();
  const std::uint64_t work = heap.work_bytes();
  heap.seal();
  for (int round = 0; round < 50; ++round) {
    for (const Block& more : filled_blocks(heap, random, 'b'))
      if (random() % 2 == 0) ScriptHeap::allocate(&heap, more.data, more.size, 0);
    for (std::size_t i = 1; i < sealed.size(); ++i) {
      std::memset(sealed[i].data, 'c', sealed[i].size);
      if (random() % 2 == 0) ScriptHeap::allocate(&heap, sealed[i].data, sealed[i].size, random() % 3 * 9000);
    }
    heap.rewind();
    ASSERT_EQ(heap.bytes_in_use(), in_use);
    ASSERT_EQ(heap.work_bytes(), work);
    for (std::size_t i = 1; i < sealed.size(); ++i)
      for (std::size_t at = 0; at < sealed[i].size; ++at) ASSERT_EQ(sealed[i].data[at], 'a');
  }
}

TEST(ScriptHeap, what_was_free_when_it_was_sealed_is_free_again) {
  if (ScriptHeap::kMaxSmall < 48) GTEST_SKIP() << "under AddressSanitizer no block is used again";
  ScriptHeap heap(1u << 20, kPlenty);
  void* free_then = ScriptHeap::allocate(&heap, nullptr, 0, 48);
  ScriptHeap::allocate(&heap, free_then, 48, 0);
  heap.seal();
  for (int round = 0; round < 3; ++round) {
    void* first = ScriptHeap::allocate(&heap, nullptr, 0, 48);
    void* second = ScriptHeap::allocate(&heap, nullptr, 0, 48);
    EXPECT_EQ(first, free_then);
    EXPECT_NE(second, first);
    heap.rewind();
  }
}

TEST(ScriptHeap, arrays_of_code_keep_their_bytes_though_they_are_freed) {
  if (ScriptHeap::kMaxSmall == 0) GTEST_SKIP() << "under AddressSanitizer code stands where all else does";
  ScriptHeap heap(1u << 20, kPlenty);
  heap.begin_code(4096);
  auto* code = static_cast<unsigned char*>(ScriptHeap::allocate(&heap, nullptr, 0, 48));
  void* object = ScriptHeap::allocate(&heap, nullptr, 4, 48);  // with a type, so it is no array
  auto* beyond = static_cast<unsigned char*>(ScriptHeap::allocate(&heap, nullptr, 0, 5000));
  heap.end_code();
  std::memset(code, 'a', 48);
  std::memset(beyond, 'b', 5000);
  heap.seal();
  const std::size_t in_use = heap.bytes_in_use();
  for (int round = 0; round < 3; ++round) {
    ScriptHeap::allocate(&heap, object, 48, 0);
    ScriptHeap::allocate(&heap, code, 48, 0);
    EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 48), object);
    std::memset(ScriptHeap::allocate(&heap, nullptr, 0, 48), 'x', 48);
    std::memset(beyond, 'x', 5000);
    heap.rewind();
    EXPECT_EQ(heap.bytes_in_use(), in_use);
    EXPECT_EQ(std::string(code, code + 48), std::string(48, 'a'));
    EXPECT_EQ(std::string(beyond, beyond + 5000), std::string(5000, 'b'));
  }
}

TEST(ScriptHeap, an_array_of_code_changes_its_size_without_writing_where_it_stands) {
  ScriptHeap heap(1u << 20, kPlenty);
  heap.begin_code(4096);
  auto* code = static_cast<char*>(ScriptHeap::allocate(&heap, nullptr, 0, 100));
  heap.end_code();
  std::memset(code, 'a', 100);
  code = static_cast<char*>(ScriptHeap::allocate(&heap, code, 100, 60));
  EXPECT_EQ(heap.bytes_in_use(), 60u);
  code = static_cast<char*>(ScriptHeap::allocate(&heap, code, 60, 3000));
  EXPECT_EQ(heap.bytes_in_use(), 3000u);
  EXPECT_EQ(std::string(code, 60), std::string(60, 'a'));
}

TEST(ScriptHeap, a_long_array_of_code_is_no_block_of_its_own) {
  ScriptHeap heap(1u << 20, kPlenty);
  heap.begin_code(8192);
  auto* before = static_cast<char*>(ScriptHeap::allocate(&heap, nullptr, 0, 64));
  auto* code = static_cast<char*>(ScriptHeap::allocate(&heap, nullptr, 0, 3000));
  heap.end_code();
  std::memset(before, 0, 64);
  std::memset(code, 'b', 3000);
  code = static_cast<char*>(ScriptHeap::allocate(&heap, code, 3000, 2000));
  code = static_cast<char*>(ScriptHeap::allocate(&heap, code, 2000, 5000));
  EXPECT_EQ(std::string(before, 64), std::string(64, '\0'));
  EXPECT_EQ(std::string(code, 2000), std::string(2000, 'b'));
  EXPECT_EQ(heap.bytes_in_use(), 5064u);
}

TEST(ScriptHeap, code_without_room_below_the_cap_stands_where_all_else_does) {
  ScriptHeap heap(100'000, kPlenty);
  heap.begin_code(200'000);
  heap.end_code();
  EXPECT_NE(ScriptHeap::allocate(&heap, nullptr, 0, 50'000), nullptr);
}

TEST(ScriptHeap, room_for_code_counts_against_the_cap) {
  ScriptHeap heap(100'000, kPlenty);
  heap.begin_code(60'000);
  heap.end_code();
  EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 50'000) == nullptr, ScriptHeap::kMaxSmall != 0);
}

TEST(ScriptHeap, takes_no_more_than_its_cap_however_often_it_is_rewound) {
  ScriptHeap heap(1u << 20, kPlenty);
  void* sealed = ScriptHeap::allocate(&heap, nullptr, 0, 100'000);
  heap.seal();
  for (int round = 0; round < 100; ++round) {
    EXPECT_NE(ScriptHeap::allocate(&heap, sealed, 100'000, 900'000), nullptr);
    EXPECT_EQ(ScriptHeap::allocate(&heap, nullptr, 0, 100'000), nullptr);
    heap.rewind();
  }
}

}  // namespace
}  // namespace till::plugin
