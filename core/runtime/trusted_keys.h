// The keys whose packages a runtime loads.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"

namespace till {

// Each entry is a public key of 64 hex digits, or a file with one such key on each line, where empty lines and what
// follows "#" say nothing. Returns them in lower case. kConfiguration with the place in `field` ("$.trusted_keys[0]").
Result<std::vector<std::string>> read_trusted_keys(const std::vector<std::string>& entries);

}  // namespace till
