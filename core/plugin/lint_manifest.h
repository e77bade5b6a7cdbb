// Advice about a manifest that is right by its schema. Inside the room only.
#pragma once

#include <vector>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// A prefix of the authentication that runs into the secret.
std::vector<Finding> lint_prefix(const Manifest& manifest);
// Sentences that still stand as `till plugin new` writes them (python/till/cli/skeleton), though they say nothing of
// any service, and hosts that can exist nowhere. Such a plugin is not packed.
std::vector<Finding> lint_unwritten(const Manifest& manifest);

}  // namespace till::plugin
