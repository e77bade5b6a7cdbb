// The fixture player: a provider's script against its documentation, without a network.
#pragma once

#include <memory>
#include <vector>

#include "core/json/difference.h"
#include "core/json/value.h"
#include "core/plugin/plugin.h"

namespace till {

// Plays one fixture: every request that the script makes is compared byte for byte (method, address with its query,
// body, authentication, headers), the documented replies are handed in, and what comes out is compared with the
// documented output or error. Returns what differs, with its place in the fixture; empty when nothing does. Sends
// nothing. A fixture that cannot be read is one difference. Secrets of the fixture's settings do not show in it.
std::vector<json::Difference> play_fixture(std::shared_ptr<const plugin::Plugin> plugin, const json::Value& document);

}  // namespace till
