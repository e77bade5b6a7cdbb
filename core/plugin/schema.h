// Schema: the part of JSON Schema (2020-12) in which manifests describe settings and options.
//
// Keywords: type, title, description, default, enum, examples, minLength, maxLength, minimum, maximum, properties,
// required, additionalProperties (false), items, format ("uri", "hex", "decimal", "email", "hostname"), and `secret`
// (true), which is ours. Anything else is refused, so that no rule is ever silently left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::plugin {

// Is it a schema that validate() understands? kPlugin, code "manifest", `field` is the place below `path`. Every schema
// has a `type`; keywords stand only where they act; defaults, examples and enum members fit their own schema; bounds
// are integers and belong to integers (amounts are text); a secret is text without default or enum.
Status check_schema(const json::Value& schema, std::string_view path);

// Does the instance fit? kInvalidRequest with the place in `field` and a message that says what is allowed; no message
// ever holds a value of the instance. `schema` must have passed check_schema(). Lengths count characters; an integer is
// a number without point or exponent that fits 64 bits; a required member with a default may be missing.
Status check(const json::Value& schema, const json::Value& instance, std::string_view path);

// The instance, when check() accepts it, with defaults filled in (members of the instance first, in their order).
Result<json::Value> validate(const json::Value& schema, json::Value instance, std::string_view path);

// Names of the members of an object that its schema marks secret, in the schema's order.
std::vector<std::string> secret_names(const json::Value& schema);

// True when the schema, or any schema inside it, marks something secret.
bool has_secrets(const json::Value& schema);

}  // namespace till::plugin
