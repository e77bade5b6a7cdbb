// Advice about a manifest that is right by its schema. Inside the room only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// A prefix of the authentication that runs into the secret.
std::vector<Finding> lint_prefix(const Manifest& manifest);
// Hosts that can exist nowhere, and what unchanged_parts() finds.
std::vector<Finding> lint_placeholders(const Manifest& manifest);
// What still stands as `till plugin new` writes it (python/till/cli/skeleton), though it says nothing of any service:
// places and problems.
std::vector<std::pair<std::string, std::string>> unchanged_parts(const Manifest& manifest);

}  // namespace till::plugin
