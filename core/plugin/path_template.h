// Path templates: "/paylinks/{id}" and the values of its names.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/plugin/manifest.h"

namespace till::plugin {

// The path with each {name} replaced by its value from the object `values`, percent-encoded as one segment.
// "{secret.NAME}" stays as it is when NAME is one of the manifest's path_secrets; the core fills it in later. A value
// that is a handle stays as it is, too. Errors: kPlugin, code "script_error": a path that does not begin with one "/",
// holds other characters than letters, digits and -._~/: outside of braces, has an empty, "." or ".." segment, or
// misses a value. A "/" at the end is allowed.
Result<std::string> expand_path(const Manifest& manifest, std::string_view path, const json::Value& values);

}  // namespace till::plugin
