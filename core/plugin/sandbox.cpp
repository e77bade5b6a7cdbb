// The pool of sandboxes: see sandbox.h.
#include "core/plugin/sandbox.h"

#include <utility>

namespace till::plugin {

std::unique_ptr<Sandbox> SandboxPool::take(std::size_t max_bytes, std::uint64_t max_work_bytes) {
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock() || waiting_.empty()) return nullptr;
  if (!waiting_.back()->heap.has_limits(max_bytes, max_work_bytes)) return nullptr;
  std::unique_ptr<Sandbox> sandbox = std::move(waiting_.back());
  waiting_.pop_back();
  return sandbox;
}

void SandboxPool::admit(Sandbox& sandbox) {
  if (sandbox.heap.bytes_in_use() > kMaxSealedBytes) return;
  if (pooled_.fetch_add(1) < kMaxSandboxes) {
    sandbox.heap.seal();
    sandbox.pooled = true;
  } else {
    --pooled_;
  }
}

void SandboxPool::give_back(std::unique_ptr<Sandbox> sandbox, bool ended_well) {
  if (!sandbox || !sandbox->pooled) return;
  if (ended_well) {
    sandbox->heap.rewind();
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock()) return waiting_.push_back(std::move(sandbox));
  }
  --pooled_;
}

}  // namespace till::plugin
