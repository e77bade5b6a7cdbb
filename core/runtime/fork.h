// What fork() needs: a mutex that a child finds free, and a count of the forks on the way to this process.
#pragma once

#include <cstdint>
#include <mutex>

namespace till {

// Guards the process-wide tables of the runtime. Held around fork(), so that a child never inherits it locked. Hold it
// for short steps only, and never twice.
std::mutex& fork_mutex();

// 0 in the process that loaded the library, one more in each child of a child. Threads, sockets and database handles
// made under another number belong to another process.
std::uint64_t fork_generation();

}  // namespace till
