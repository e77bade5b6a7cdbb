#include "tests/kill/shared.h"

#include <sys/mman.h>

#include <new>

#include "tests/kill/support.h"

namespace till::rounds {

Shared* make_shared_memory() {
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) give_up("no shared memory");
  return new (memory) Shared;
}

}  // namespace till::rounds
