// The memory of one sandbox: see script_heap.h.
#include "core/plugin/script_heap.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace till::plugin {

struct alignas(16) ScriptHeap::Chunk {
  Chunk* next;
};

// In front of each large block.
struct alignas(16) ScriptHeap::Large {
  Large* next;
  Large* previous;
};

namespace {

// What one entry outside a table's list part takes, in Lua 5.4 for 64 bits: value, key, two types and a link.
constexpr std::size_t kEntryBytes = 24;

// Is this the room for the entries of a table, and are they too many? Lua passes no type tag for such blocks and makes
// room for a power of two of them; the room for list parts has another size, as it grows in powers of two of 16 bytes.
bool is_overlong_table(std::size_t type_tag, std::size_t size) {
  return type_tag == 0 && size > ScriptHeap::kMaxTableEntries * kEntryBytes && size % kEntryBytes == 0 &&
         std::has_single_bit(size / kEntryBytes);
}

}  // namespace

ScriptHeap::ScriptHeap(std::size_t max_bytes, std::uint64_t max_work_bytes)
    : max_bytes_(max_bytes), max_work_(max_work_bytes) {}

ScriptHeap::~ScriptHeap() {
  for (Chunk* chunk = chunks_; chunk != nullptr;) std::free(std::exchange(chunk, chunk->next));
  for (Large* large = large_; large != nullptr;) std::free(std::exchange(large, large->next));
}

void* ScriptHeap::allocate(void* heap, void* block, std::size_t old_size, std::size_t new_size) {
  auto& self = *static_cast<ScriptHeap*>(heap);
  if (block == nullptr) {  // Lua passes a type tag as the old size then
    if (is_overlong_table(std::exchange(old_size, 0), new_size)) return self.refuse();
  }
  if (new_size == 0) {
    if (block != nullptr) self.give_back(block, old_size);
    return nullptr;
  }
  if (new_size > old_size) {
    self.work_ += new_size;
    if (self.work_ > self.max_work_) self.overworked_ = true;
    if (self.overworked_ || self.refusals_ > kMaxRefusals) return nullptr;
  }
  return block == nullptr ? self.take(new_size) : self.change(block, old_size, new_size);
}

void* ScriptHeap::refuse() {
  ++refusals_;
  return nullptr;
}

void* ScriptHeap::take(std::size_t size) {
  void* block = is_small(size) ? take_small(size) : take_large(size);
  if (block != nullptr) in_use_ += size;
  return block;
}

void* ScriptHeap::take_small(std::size_t size) {
  const std::size_t bytes = rounded(size);
  Free*& list = free_[bytes / kGrain];
  if (list != nullptr) return std::exchange(list, list->next);
  if (bump_left_ < bytes && !add_chunk(false)) return refuse();
  bump_left_ -= bytes;
  return std::exchange(bump_, bump_ + bytes);
}

bool ScriptHeap::add_chunk(bool beyond_cap) {
  if (!beyond_cap && reserved_ + kChunkBytes > max_bytes_) return false;
  auto* chunk = static_cast<Chunk*>(std::malloc(kChunkBytes));
  if (chunk == nullptr) return false;
  reserved_ += kChunkBytes;
  chunk->next = chunks_;
  chunks_ = chunk;
  bump_ = reinterpret_cast<char*>(chunk + 1);
  bump_left_ = kChunkBytes - sizeof(Chunk);
  return true;
}

void* ScriptHeap::take_large(std::size_t size) {
  if (size > max_bytes_ || reserved_ + size + sizeof(Large) > max_bytes_) return refuse();
  auto* large = static_cast<Large*>(std::malloc(sizeof(Large) + size));
  if (large == nullptr) return refuse();
  reserved_ += sizeof(Large) + size;
  *large = {large_, nullptr};
  if (large_ != nullptr) large_->previous = large;
  large_ = large;
  return large + 1;
}

void ScriptHeap::give_back(void* block, std::size_t size) {
  in_use_ -= size;
  if (is_small(size)) {
    Free*& list = free_[rounded(size) / kGrain];
    list = ::new (block) Free{list};
    return;
  }
  Large* large = static_cast<Large*>(block) - 1;
  (large->previous != nullptr ? large->previous->next : large_) = large->next;
  if (large->next != nullptr) large->next->previous = large->previous;
  reserved_ -= sizeof(Large) + size;
  std::free(large);
}

void* ScriptHeap::resize_large(void* block, std::size_t old_size, std::size_t new_size) {
  if (new_size > old_size && (new_size > max_bytes_ || reserved_ + (new_size - old_size) > max_bytes_)) return refuse();
  auto* large = static_cast<Large*>(std::realloc(static_cast<Large*>(block) - 1, sizeof(Large) + new_size));
  if (large == nullptr) {
    if (new_size > old_size) return refuse();
    large = static_cast<Large*>(block) - 1;
  }
  reserved_ = reserved_ - old_size + new_size;
  in_use_ = in_use_ - old_size + new_size;
  (large->previous != nullptr ? large->previous->next : large_) = large;
  if (large->next != nullptr) large->next->previous = large;
  return large + 1;
}

void* ScriptHeap::change(void* block, std::size_t old_size, std::size_t new_size) {
  if (is_small(old_size) && is_small(new_size) && rounded(old_size) == rounded(new_size)) {
    in_use_ = in_use_ - old_size + new_size;
    return block;
  }
  if (!is_small(old_size) && !is_small(new_size)) return resize_large(block, old_size, new_size);
  if (new_size < old_size && bump_left_ < new_size + kGrain) add_chunk(true);  // shrinking must not fail
  void* moved = take(new_size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old_size, new_size));
  give_back(block, old_size);
  return moved;
}

}  // namespace till::plugin
