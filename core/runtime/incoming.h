// From the reply as it came to what a script may see, or to the error that the manifest says it means.
#pragma once

#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "core/plugin/script.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"

namespace till {

struct Incoming {
  plugin::ScriptReply reply;
  // What the reply means by the manifest's error rules; the script is not asked then. Its texts are the provider's: the
  // caller hides secrets.
  std::optional<Error> refusal;
  // Where and why a body that begins like JSON cannot be read as such; empty otherwise. Without secrets.
  std::string fault;
};

// Statuses in `expected`, beside 2xx, are the script's business and no error rule is tried for the others' sake.
Incoming incoming_reply(const http::Response& response, const std::vector<int>& expected, const GatewayConfig& config,
                        Handles& handles, UnixMillis now_ms);

}  // namespace till
