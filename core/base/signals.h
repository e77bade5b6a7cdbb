// Signals belong to the host.
#pragma once

namespace till {

// Keeps the host's signal handlers off the calling thread: each thread that the library starts calls it first.
void block_all_signals();

}  // namespace till
