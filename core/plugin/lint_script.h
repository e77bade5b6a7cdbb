// What can be said against a script alone. Inside the room only.
#pragma once

#include <string_view>
#include <vector>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"
#include "core/plugin/outline.h"
#include "core/plugin/script_names.h"

namespace till::plugin {

// Names that nothing defines, and what scripts cannot have.
std::vector<Finding> lint_names(const std::vector<ScriptName>& names, const Outline& outline);
// Requests with `optional = true`, which may come to nil, whose reply is used without a look.
std::vector<Finding> lint_optional_requests(std::string_view script);
// Paths of requests that are joined with "..": a value in them is not encoded.
std::vector<Finding> lint_joined_paths(std::string_view script);
// {secret.NAME} in paths beside the manifest's path_secrets.
std::vector<Finding> lint_path_secrets(std::string_view script, const Manifest& manifest);
// The line, from 1, on which `part` first stands; 0 when it does not.
int line_of(std::string_view text, std::string_view part);

}  // namespace till::plugin
