// Advice about a manifest that is right by its schema. Inside the room only.
#pragma once

#include <vector>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// A prefix of the authentication that runs into the secret.
std::vector<Finding> lint_prefix(const Manifest& manifest);
}  // namespace till::plugin
