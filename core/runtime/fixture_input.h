// The input of a fixture beside the one that a script can get.
#pragma once

#include <string>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/plugin/manifest.h"

namespace till {

// What the script of `operation` gets for the input that a fixture gives: options with their defaults, and of a payment
// both `provider_id` and `payment`, where one of them is given. An error, with its place in `field`, for what the core
// would have refused or never gives. What native calls take is their own, and passes as it is.
Result<json::Value> fixture_input(const plugin::Manifest& manifest, const std::string& operation, json::Value input);

}  // namespace till
