// Secrets in a configuration: written out, or named by where they are.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/secret.h"
#include "core/json/value.h"

namespace till::service {

// How a secret may be named, for errors.
inline constexpr std::string_view kSecretShapes = R"(text, {"env": "NAME"} or {"file": "/path"})";

// "text", {"env": "NAME"} or {"file": "/path"}. What is read from a file loses one line break at its end.
// kConfiguration when it is none of them, when the variable is not set, or the file cannot be read or is empty.
Result<Secret> read_secret(const json::Value& value, const std::string& place);

// The same value with each {"env"} and {"file"} inside it replaced by the text that it names.
Result<json::Value> with_secrets(const json::Value& value, const std::string& place);

}  // namespace till::service
