#include "tests/http/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

namespace {

constexpr int kNever = -1;
thread_local int left = kNever;
thread_local bool once = false;
thread_local bool failed = false;

[[maybe_unused]] bool fails_now() {
  if (left == kNever) return false;
  if (left > 0) return --left, false;
  failed = true;
  if (once) left = kNever;
  return true;
}

}  // namespace

#ifndef __SANITIZE_ADDRESS__  // which has allocators of its own, and checks that they go in pairs
void* operator new(std::size_t size) {
  void* const block = fails_now() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t size) noexcept {
  // What is used after it went shows, with and without a sanitizer.
  std::memset(block, 0xdd, block != nullptr ? size : 0);
  std::free(block);
}
#endif

namespace till::http {

MemoryFault::MemoryFault(int successes, Lasts lasts) {
  left = successes;
  once = lasts == Lasts::kOnce;
  failed = false;
}

MemoryFault::~MemoryFault() { left = kNever; }

bool MemoryFault::happened() const { return failed; }

}  // namespace till::http
