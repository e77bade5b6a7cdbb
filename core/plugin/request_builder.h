// What a script passed to http.*, as a ScriptRequest. Pure: knows nothing of Lua.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/plugin/manifest.h"
#include "core/plugin/script.h"

namespace till::plugin {

// Limits of what one request may carry; no documented API comes near them.
inline constexpr std::size_t kMaxPathBytes = 8 * 1024;
inline constexpr std::size_t kMaxHeaderValueBytes = 8 * 1024;
inline constexpr std::size_t kMaxQueryFields = 200;

// `method` is one of GET, POST, PUT, PATCH, DELETE; `path` the template; `options` an object or null with the members
// path, query, json, form, multipart, headers, expect, auth, read. `max_body` limits the body's bytes. Errors: kPlugin,
// code "script_error" with a sentence for the plugin's author; "script_output" when a handle stands inside longer text.
Result<ScriptRequest> build_request(const Manifest& manifest, std::string_view method, std::string_view path,
                                    const json::Value& options, std::size_t max_body);

// Appends `text` percent-encoded. Handles stay as they are.
void percent_encode_between_handles(std::string_view text, std::string& out);

}  // namespace till::plugin
