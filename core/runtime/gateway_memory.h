// GatewayMemory: what a gateway remembers from one operation to the next, in this process only.
#pragma once

#include "core/base/counter.h"
#include "core/runtime/rate_limit.h"
#include "core/runtime/webhook_limits.h"

namespace till {

// Shared by all threads that use the gateway.
struct GatewayMemory {
  Counter nonces;   // time.nonce("count")
  RateMemory rate;  // until when nothing is sent
  HintLimit hints;
  RefusalCounters refusals;
};

}  // namespace till
