// JSON text in which handles stand as they are, so that the core can find and fill them in.
#pragma once

#include <string>
#include <string_view>

#include "core/json/value.h"

namespace till::plugin {

// As json::write_to(), but the bytes of handles inside strings are not escaped: "\x02h...\x03" appears raw. The result
// is JSON once each handle is replaced by its secret, escaped as the number of quotes around it asks.
void write_json_with_handles(const json::Value& value, std::string& out);

}  // namespace till::plugin
