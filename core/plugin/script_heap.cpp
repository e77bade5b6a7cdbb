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
  std::size_t size;
  bool sealed = false;  // it stays where it is until the heap goes
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
  for (Chunk* chunk = now_.chunks; chunk != nullptr;) std::free(std::exchange(chunk, chunk->next));
  for (Large* large = now_.large; large != nullptr;) std::free(std::exchange(large, large->next));
}

void* ScriptHeap::allocate(void* heap, void* block, std::size_t old_size, std::size_t new_size) {
  auto& self = *static_cast<ScriptHeap*>(heap);
  std::size_t type_tag = 0;
  if (block == nullptr) {  // Lua passes a type tag as the old size then, and none for arrays
    type_tag = std::exchange(old_size, 0);
    if (is_overlong_table(type_tag, new_size)) return self.refuse();
  }
  if (new_size == 0) {
    if (block != nullptr) self.give_back(block, old_size);
    return nullptr;
  }
  if (new_size > old_size) {
    self.now_.work += new_size;
    if (self.now_.work > self.max_work_) self.now_.overworked = true;
    if (self.now_.overworked || self.now_.refusals > kMaxRefusals) return nullptr;
  }
  if (block != nullptr) return self.change(block, old_size, new_size);
  void* code = self.loads_code_ && type_tag == 0 ? self.take_code(new_size) : nullptr;
  return code != nullptr ? code : self.take(new_size);
}

void* ScriptHeap::refuse() {
  ++now_.refusals;
  return nullptr;
}

void* ScriptHeap::take(std::size_t size) {
  void* block = is_small(size) ? take_small(size) : take_large(size);
  if (block != nullptr) now_.in_use += size;
  return block;
}

void ScriptHeap::begin_code(std::size_t bytes) {
  if (kMaxSmall == 0 || now_.reserved + bytes > max_bytes_) return;
  code_.reset(new (std::nothrow) char[bytes]);
  if (code_ == nullptr) return;
  code_bump_ = code_.get();
  code_end_ = code_bump_ + bytes;
  now_.reserved += bytes;
  loads_code_ = true;
}

void* ScriptHeap::take_code(std::size_t size) {
  const std::size_t bytes = rounded(size);
  if (bytes > static_cast<std::size_t>(code_end_ - code_bump_)) return nullptr;
  now_.in_use += size;
  return std::exchange(code_bump_, code_bump_ + bytes);
}

void* ScriptHeap::take_small(std::size_t size) {
  const std::size_t bytes = rounded(size);
  Free*& list = now_.free[bytes / kGrain];
  if (list != nullptr) return std::exchange(list, list->next);
  if (now_.bump_left < bytes && !add_chunk(false)) return refuse();
  now_.bump_left -= bytes;
  return std::exchange(now_.bump, now_.bump + bytes);
}

bool ScriptHeap::add_chunk(bool beyond_cap) {
  if (!beyond_cap && now_.reserved + kChunkBytes > max_bytes_) return false;
  auto* chunk = static_cast<Chunk*>(std::malloc(kChunkBytes));
  if (chunk == nullptr) return false;
  now_.reserved += kChunkBytes;
  chunk->next = now_.chunks;
  now_.chunks = chunk;
  now_.bump = reinterpret_cast<char*>(chunk + 1);
  now_.bump_left = kChunkBytes - sizeof(Chunk);
  return true;
}

void* ScriptHeap::take_large(std::size_t size) {
  if (size > max_bytes_ || now_.reserved + size + sizeof(Large) > max_bytes_) return refuse();
  auto* large = static_cast<Large*>(std::malloc(sizeof(Large) + size));
  if (large == nullptr) return refuse();
  now_.reserved += sizeof(Large) + size;
  *large = {now_.large, nullptr, size};
  if (now_.large != nullptr) now_.large->previous = large;
  now_.large = large;
  return large + 1;
}

void ScriptHeap::give_back(void* block, std::size_t size) {
  now_.in_use -= size;
  if (is_code(block)) return;
  if (is_small(size)) {
    Free*& list = now_.free[rounded(size) / kGrain];
    list = ::new (block) Free{list};
    return;
  }
  Large* large = static_cast<Large*>(block) - 1;
  if (large->sealed) return;
  (large->previous != nullptr ? large->previous->next : now_.large) = large->next;
  if (large->next != nullptr) large->next->previous = large->previous;
  now_.reserved -= sizeof(Large) + size;
  std::free(large);
}

void* ScriptHeap::resize_large(void* block, std::size_t old_size, std::size_t new_size) {
  if ((static_cast<Large*>(block) - 1)->sealed) {
    if (new_size > old_size) return move(block, old_size, new_size);
    now_.in_use = now_.in_use - old_size + new_size;
    return block;
  }
  if (new_size > old_size && (new_size > max_bytes_ || now_.reserved + (new_size - old_size) > max_bytes_))
    return refuse();
  auto* large = static_cast<Large*>(std::realloc(static_cast<Large*>(block) - 1, sizeof(Large) + new_size));
  if (large == nullptr) {
    if (new_size > old_size) return refuse();
    large = static_cast<Large*>(block) - 1;
  }
  large->size = new_size;
  now_.reserved = now_.reserved - old_size + new_size;
  now_.in_use = now_.in_use - old_size + new_size;
  (large->previous != nullptr ? large->previous->next : now_.large) = large;
  if (large->next != nullptr) large->next->previous = large;
  return large + 1;
}

void* ScriptHeap::change(void* block, std::size_t old_size, std::size_t new_size) {
  if (is_code(block)) {
    if (new_size > old_size) return move(block, old_size, new_size);
    now_.in_use = now_.in_use - old_size + new_size;
    return block;
  }
  if (is_small(old_size) && is_small(new_size) && rounded(old_size) == rounded(new_size)) {
    now_.in_use = now_.in_use - old_size + new_size;
    return block;
  }
  if (!is_small(old_size) && !is_small(new_size)) return resize_large(block, old_size, new_size);
  if (new_size < old_size && now_.bump_left < new_size + kGrain) add_chunk(true);  // shrinking must not fail
  return move(block, old_size, new_size);
}

void* ScriptHeap::move(void* block, std::size_t old_size, std::size_t new_size) {
  void* moved = take(new_size);
  if (moved == nullptr) return nullptr;
  std::memcpy(moved, block, std::min(old_size, new_size));
  give_back(block, old_size);
  return moved;
}

void ScriptHeap::remember(void* at, std::size_t size) {
  sealed_parts_.push_back({static_cast<char*>(at), size});
  sealed_bytes_.append(static_cast<const char*>(at), size);
}

void ScriptHeap::seal() {
  std::size_t unused = now_.bump_left;  // at the end of the chunk that was added last
  for (Chunk* chunk = now_.chunks; chunk != nullptr; chunk = chunk->next)
    remember(chunk + 1, kChunkBytes - sizeof(Chunk) - std::exchange(unused, 0));
  for (Large* large = now_.large; large != nullptr; large = large->next) {
    large->sealed = true;
    remember(large + 1, large->size);
  }
  sealed_ = now_;
}

void ScriptHeap::rewind() {
  while (now_.chunks != sealed_.chunks) std::free(std::exchange(now_.chunks, now_.chunks->next));
  while (now_.large != sealed_.large) std::free(std::exchange(now_.large, now_.large->next));
  if (sealed_.large != nullptr) sealed_.large->previous = nullptr;
  const char* bytes = sealed_bytes_.data();
  for (const Sealed& part : sealed_parts_) {
    std::memcpy(part.at, bytes, part.size);
    bytes += part.size;
  }
  now_ = sealed_;
}

}  // namespace till::plugin
