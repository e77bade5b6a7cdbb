// ScriptHeap: the memory of one sandbox. It counts, it refuses beyond its cap, and it goes all at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace till::plugin {

// A lua_Alloc for one Lua state. Small blocks come from chunks with a free list for each size, large ones from malloc.
// The cap is on what is taken from the process, so neither fragments nor free lists escape it. A Lua state without
// finalizers owns nothing else than its memory, so destroying the heap ends the state; lua_close() is not needed.
// One thread at a time.
class ScriptHeap {
 public:
  // `max_bytes` is the cap; `max_work_bytes` limits the sum of all allocations ever made, which bounds the time that
  // copying and collecting can take where no VM instruction is counted.
  ScriptHeap(std::size_t max_bytes, std::uint64_t max_work_bytes);
  ~ScriptHeap();
  ScriptHeap(const ScriptHeap&) = delete;
  ScriptHeap& operator=(const ScriptHeap&) = delete;

  // As lua_Alloc describes it; `heap` is the ScriptHeap. Never refuses to shrink or to free. Refuses a table more than
  // kMaxTableEntries entries outside its list part, whatever memory is left: a script can choose keys that all collide,
  // and growing such a table is one VM instruction that takes time by the square of its entries.
  static void* allocate(void* heap, void* block, std::size_t old_size, std::size_t new_size);

  static constexpr std::size_t kMaxTableEntries = 1u << 15;

  // From begin_code() to end_code() a script's bytecode is loaded, and nothing else: new blocks without a type are then
  // the arrays of its functions (instructions, constants, line numbers, names), which Lua only reads from then on. Up
  // to `bytes` of them stand apart, neither sealed nor, once they are free, given to anybody else before the heap goes.
  // Lua's stack and its records of calls have no type either: there must be room for both. Call each once.
  void begin_code(std::size_t bytes);
  void end_code() { loads_code_ = false; }

  // Remembers every byte that is held now. Call it once.
  void seal();
  // Brings the heap back to what it was when it was sealed, byte for byte at the same addresses (code, which nobody
  // wrote to, is left as it is); what was taken since is gone. So a Lua state that was sealed before its script ran
  // knows nothing of that run afterwards.
  void rewind();

  bool has_limits(std::size_t max_bytes, std::uint64_t max_work_bytes) const {
    return max_bytes_ == max_bytes && max_work_ == max_work_bytes;
  }
  // Bytes that Lua holds now.
  std::size_t bytes_in_use() const { return now_.in_use; }
  // Bytes ever allocated, as `max_work_bytes` limits them.
  std::uint64_t work_bytes() const { return now_.work; }
  // Counts from here on, whatever was allocated before.
  void set_work_bytes(std::uint64_t bytes) { now_.work = bytes; }
  // True once something was refused because of `max_work_bytes`.
  bool is_overworked() const { return now_.overworked; }

  // Blocks up to this size share chunks, and are used again once they are free.
#if defined(__SANITIZE_ADDRESS__)
  static constexpr std::size_t kMaxSmall = 0;  // every block on its own, so that the sanitizer sees its ends
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  static constexpr std::size_t kMaxSmall = 0;
#else
  static constexpr std::size_t kMaxSmall = 1024;
#endif
#else
  static constexpr std::size_t kMaxSmall = 1024;
#endif

 private:
  struct Chunk;
  struct Large;
  struct Free {
    Free* next;
  };

  static constexpr std::size_t kGrain = 16;
  static constexpr std::size_t kChunkBytes = 32 * 1024;
  // Each refusal makes Lua collect all garbage and try again. After this many the script lives on collections alone.
  static constexpr int kMaxRefusals = 32;

  static std::size_t rounded(std::size_t size) { return (size + kGrain - 1) / kGrain * kGrain; }
  static bool is_small(std::size_t size) { return size <= kMaxSmall; }
  void* refuse();
  void* take(std::size_t size);
  void* take_code(std::size_t size);
  bool is_code(const void* block) const { return block >= code_.get() && block < code_end_; }
  void* take_small(std::size_t size);
  void* take_large(std::size_t size);
  void* resize_large(void* block, std::size_t old_size, std::size_t new_size);
  void give_back(void* block, std::size_t size);
  bool add_chunk(bool beyond_cap);
  void* change(void* block, std::size_t old_size, std::size_t new_size);
  void* move(void* block, std::size_t old_size, std::size_t new_size);

  // A copy of sealed bytes begins with them at `at`.
  struct Sealed {
    char* at;
    std::size_t size;
  };
  void remember(void* at, std::size_t size);

  // All that changes while a script runs, beside the bytes that it holds.
  struct Books {
    std::size_t reserved = 0;
    std::size_t in_use = 0;
    std::uint64_t work = 0;
    int refusals = 0;
    bool overworked = false;
    char* bump = nullptr;
    std::size_t bump_left = 0;
    Chunk* chunks = nullptr;
    Large* large = nullptr;
    std::array<Free*, kMaxSmall / kGrain + 1> free{};
  };

  std::size_t max_bytes_;
  std::uint64_t max_work_;
  std::unique_ptr<char[]> code_;
  char* code_bump_ = nullptr;
  char* code_end_ = nullptr;
  bool loads_code_ = false;
  Books now_;
  Books sealed_;
  std::vector<Sealed> sealed_parts_;
  std::string sealed_bytes_;  // of all parts, one after the other
};

}  // namespace till::plugin
