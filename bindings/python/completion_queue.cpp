#include "bindings/python/completion_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace till::python {

CompletionQueue::CompletionQueue() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

CompletionQueue::~CompletionQueue() { ::close(descriptor_); }

void CompletionQueue::push(std::uint64_t token, Result<std::string> reply) {
  const std::lock_guard lock(mutex_);
  waiting_.emplace_back(token, std::move(reply));
  // Under the lock, so that a drain() that takes this completion has not yet quietened the descriptor for it. Only the
  // first of a batch wakes the loop. The counter cannot overflow: each write is read before the next.
  if (waiting_.size() == 1) ::eventfd_write(descriptor_, 1);
}

std::vector<CompletionQueue::Completion> CompletionQueue::drain() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  ::eventfd_read(descriptor_, &count);
  return std::exchange(waiting_, {});
}

}  // namespace till::python
