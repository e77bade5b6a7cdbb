// GatewayMemory: what a gateway remembers from one operation to the next, in this process only.
#pragma once

#include "core/base/counter.h"

namespace till {

// Shared by all threads that use the gateway.
struct GatewayMemory {
  Counter nonces;  // time.nonce("count")
};

}  // namespace till
