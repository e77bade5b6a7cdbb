// What a plugin may touch, in words that a person can agree to.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/manifest.h"

namespace till::plugin {

// One line each, sorted, none twice:
//   "card_data"              may use card numbers
//   "host NAME"              its requests go to this host
//   "host of the merchant"   a mode without an address: its requests go where the merchant says
//   "path_secret NAME"       this secret stands in addresses, which servers log
//   "reveals OPERATION"      this operation hands a secret to its caller
//   "script_header NAME"     its script sets this header
//   "signed_webhooks SCHEME" what such webhooks say is believed without asking; a known scheme's name, or a digest
//   "secret NAME"            it asks the merchant for this secret
std::vector<std::string> permissions_of(const Manifest& manifest);

// Those of `wanted` that `approved` lacks. Both sorted.
std::vector<std::string> missing_permissions(const std::vector<std::string>& wanted,
                                             const std::vector<std::string>& approved);

}  // namespace till::plugin
