// What can be said against a script alone. Inside the room only.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"
#include "core/plugin/outline.h"
#include "core/plugin/script_names.h"
#include "core/plugin/script_tokens.h"

namespace till::plugin {

// Names that nothing defines, and what scripts cannot have.
std::vector<Finding> lint_names(const std::vector<ScriptName>& names, const Outline& outline);
// Requests with `optional = true`, which may come to nil, whose reply is used without a look; and requests whose path
// is joined with "..": a value in it is not encoded.
std::vector<Finding> lint_requests(const std::vector<ScriptToken>& tokens);
// {secret.NAME} in texts beside the manifest's path_secrets.
std::vector<Finding> lint_path_secrets(const std::vector<ScriptToken>& tokens, const Manifest& manifest);
// "payments.create" -> the line on which `provider.payments.create` or `provider.payments["create"]` first stands.
std::map<std::string, int, std::less<>> lines_of_functions(const std::vector<ScriptToken>& tokens);

}  // namespace till::plugin
