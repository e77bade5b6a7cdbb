// The named schemes: plugins/webhooks/*.json, inside the library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"
#include "core/webhook/scheme.h"

namespace till::webhook {

// Name and JSON of each scheme, sorted by name.
std::span<const std::pair<std::string_view, std::string_view>> named_schemes();

// All of them as one JSON array.
std::string named_schemes_json();

// The scheme with this name. kNotFound, code "unknown_scheme", `field` "$.scheme".
Result<Scheme> find_scheme(std::string_view name);

}  // namespace till::webhook
