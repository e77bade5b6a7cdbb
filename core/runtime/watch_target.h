// WatchTarget: where a provider tells of a payment as it happens, from what its script returned.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/http/message.h"
#include "core/json/value.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"

namespace till {

struct WatchTarget {
  http::Request request;            // holds a token; wiped by whoever sends it
  std::vector<std::string> events;  // names that mean something; empty: any

  bool means(std::string_view event) const;
};

// {url = "https://...", query = {{"token", handle}, ...}, events = {"statechange"}}. The host must be one of the
// manifest's or that of the gateway's base_url; handles of secrets from replies may stand in the query. kPlugin, code
// "script_output" or "handle".
Result<WatchTarget> read_watch_target(json::Value output, const GatewayConfig& config, const Handles& handles);

}  // namespace till
