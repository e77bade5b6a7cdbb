// From what a script asked for to the request as it leaves: address, secrets, card data and signature filled in.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"
#include "core/plugin/script.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"

namespace till {

// Without `authenticate` the manifest's auth is left out, as it is when the script wants none. `idempotency_key` is
// sent in the header the manifest names; empty for reads. kPlugin errors when the script asked for something that its
// manifest does not allow; nothing was sent then.
Result<http::Request> outgoing_request(const plugin::ScriptRequest& wanted, const GatewayConfig& config,
                                       const Handles& handles, std::string_view idempotency_key,
                                       bool authenticate = true);

// The address that is asked, for errors: scheme, host and path without what is secret in it, and no query.
std::string shown_url(const plugin::ScriptRequest& wanted, const GatewayConfig& config);

}  // namespace till
