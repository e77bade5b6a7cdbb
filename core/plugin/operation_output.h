// What a provider's function returned, checked before anything else reads it.
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// Is the output as the table of operations has it (operations.h)? Settles two things that Lua leaves open:
// an empty `items` becomes a list, an integer `next` text. What native calls return is the provider's own and passes.
// kPlugin, code "script_output", with the place in `field`.
Status check_operation_output(std::string_view operation, json::Value& output);

// Is the event of a webhook one that the manifest declares? kPlugin, code "script_output", at "$.event".
Status check_event(const Manifest& manifest, std::string_view event);

}  // namespace till::plugin
