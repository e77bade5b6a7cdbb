// Sandbox: a Lua state with a script whose top level has run, and none of its operations; and the few of them that
// wait.
//
// Loading a script and its top level takes longer than most operations. So a sandbox is sealed after it, and after a
// run that ended well its memory is put back to those very bytes: the next run finds what a new sandbox would show it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/plugin/script_heap.h"

struct lua_State;

namespace till::plugin {

struct Sandbox {
  Sandbox(std::size_t max_bytes, std::uint64_t max_work_bytes) : heap(max_bytes, max_work_bytes) {}

  ScriptHeap heap;
  lua_State* main = nullptr;
  lua_State* thread = nullptr;  // the coroutine that the script runs in
  bool loaded = false;          // the script's top level has run
  bool pooled = false;          // sealed, and one of a pool's kMaxSandboxes
};

// The sandboxes of one script. Thread-safe; never waits: a thread that meets another one here, or that a fork left
// without the others, does without.
class SandboxPool {
 public:
  // One that is as it was when it was sealed, with these limits; nullptr when none is at hand.
  std::unique_ptr<Sandbox> take(std::size_t max_bytes, std::uint64_t max_work_bytes);
  // Seals a sandbox that was loaded just now, unless it holds more than kMaxSealedBytes or the pool has its number
  // already.
  void admit(Sandbox& sandbox);
  // Ends a run: a sandbox of the pool is rewound and waits for the next one when the run ended well, else it goes.
  void give_back(std::unique_ptr<Sandbox> sandbox, bool ended_well);

  // Each holds up to twice what the loaded script takes: 100 to 200 KiB.
  static constexpr int kMaxSandboxes = 16;
  // Of the heap. Beyond it a sandbox serves one run, as putting it back would cost what loading it does.
  static constexpr std::size_t kMaxSealedBytes = 1u << 20;

 private:
  std::atomic<int> pooled_{0};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Sandbox>> waiting_;
};

}  // namespace till::plugin
