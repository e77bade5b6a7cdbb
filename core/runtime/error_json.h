// Errors as JSON, as every binding and the service hand them out.
#pragma once

#include <string>

#include "core/base/error.h"

namespace till {

// docs/schemas/error.json: all that is known, members that are not known left out.
std::string error_json(const Error& error);

}  // namespace till
