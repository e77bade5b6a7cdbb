// The body of a request beside the one that a fixture expects.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/http/message.h"
#include "core/json/difference.h"
#include "core/runtime/fixture.h"

namespace till {

// Compares bodies and their types, byte for byte where the bytes are the script's own choice. `last_nonce` is the
// greatest nonce of the fixture's requests so far.
std::vector<json::Difference> body_differences(const FixtureRequest& expected, const http::Request& request,
                                               UnixMillis now_ms, std::int64_t& last_nonce, const std::string& place);

}  // namespace till
