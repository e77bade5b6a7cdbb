// Check of a schema itself, and the questions that can be asked of one: see schema.h.
#include "core/plugin/schema.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/json/path.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

using json::Value;

constexpr std::array<std::string_view, 16> kKeywords = {"type",
                                                        "title",
                                                        "description",
                                                        "default",
                                                        "enum",
                                                        "examples",
                                                        "minLength",
                                                        "maxLength",
                                                        "minimum",
                                                        "maximum",
                                                        "properties",
                                                        "required",
                                                        "additionalProperties",
                                                        "items",
                                                        "format",
                                                        "secret"};
// Lists are searched for twins pair by pair; no form has more choices than this.
constexpr std::size_t kMaxSchemaList = 1000;
constexpr std::array<std::string_view, 7> kTypes = {"string", "integer", "number", "boolean",
                                                    "object", "array",   "null"};
constexpr std::array<std::string_view, 5> kFormats = {"uri", "hex", "decimal", "email", "hostname"};

// Which type a keyword acts on; elsewhere JSON Schema would ignore it silently.
struct Owner {
  std::string_view keyword, type;
};
constexpr std::array<Owner, 10> kOwners = {{{"minLength", "string"},
                                            {"maxLength", "string"},
                                            {"format", "string"},
                                            {"secret", "string"},
                                            {"minimum", "integer"},
                                            {"maximum", "integer"},
                                            {"properties", "object"},
                                            {"required", "object"},
                                            {"additionalProperties", "object"},
                                            {"items", "array"}}};

Error refusal(std::string_view path, std::string_view problem) {
  Error error = plugin_error("manifest", sentence(path, problem));
  error.field = path;
  return error;
}

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

Status check_text_member(const Value& schema, std::string_view key, std::string_view path) {
  const Value* value = schema.find(key);
  if (value == nullptr || (value->string() != nullptr && !value->string()->empty())) return {};
  return refusal(json::member_path(path, key), "must be text that is not empty");
}

Status check_type_name(const Value& type, std::string_view path) {
  if (type.string() != nullptr && contains(kTypes, *type.string())) return {};
  return refusal(path, "must be one of " + any_of(kTypes) + ", or a list of them");
}

Status check_types(const Value& schema, std::string_view path) {
  const Value* type = schema.find("type");
  if (type == nullptr) return refusal(path, "has no `type`; one of " + any_of(kTypes));
  const std::string at = json::member_path(path, "type");
  const json::Array* list = type->array();
  if (list == nullptr) return check_type_name(*type, at);
  if (list->empty()) return refusal(at, "must name at least one type");
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string element = json::element_path(at, i);
    TILL_TRY(check_type_name((*list)[i], element));
    if (std::count(list->begin(), list->end(), (*list)[i]) > 1) return refusal(element, "stands twice");
  }
  return {};
}

bool names_type(const Value& schema, std::string_view type) {
  const Value& types = *schema.find("type");
  if (types.string() != nullptr) return *types.string() == type;
  return std::find(types.array()->begin(), types.array()->end(), Value(type)) != types.array()->end();
}

Status check_owners(const Value& schema, std::string_view path) {
  for (const auto& [keyword, type] : kOwners) {
    if (schema.find(keyword) == nullptr || names_type(schema, type)) continue;
    return refusal(json::member_path(path, keyword), "has no effect without type `" + std::string(type) + "`");
  }
  return {};
}

// Reads an optional integer bound.
Result<std::optional<std::int64_t>> bound(const Value& schema, std::string_view key, std::string_view path) {
  const Value* value = schema.find(key);
  if (value == nullptr) return std::optional<std::int64_t>();
  const auto integer = value->as_integer();
  if (!integer) return refusal(json::member_path(path, key), "must be an integer");
  return integer;
}

Status check_bounds(const Value& schema, std::string_view low, std::string_view high, std::string_view path) {
  TILL_ASSIGN(const auto least, bound(schema, low, path));
  TILL_ASSIGN(const auto most, bound(schema, high, path));
  if (!least || !most || *least <= *most) return {};
  return refusal(json::member_path(path, low), "must not be above `" + std::string(high) + "`");
}

Status check_length_sign(const Value& schema, std::string_view key, std::string_view path) {
  if (schema.find_integer(key).value_or(0) >= 0) return {};
  return refusal(json::member_path(path, key), "must not be negative");
}

Status check_numbers(const Value& schema, std::string_view path) {
  TILL_TRY(check_bounds(schema, "minLength", "maxLength", path));
  TILL_TRY(check_length_sign(schema, "minLength", path));
  TILL_TRY(check_length_sign(schema, "maxLength", path));
  TILL_TRY(check_bounds(schema, "minimum", "maximum", path));
  if (names_type(schema, "number") && (schema.find("minimum") != nullptr || schema.find("maximum") != nullptr))
    return refusal(path, "`minimum` and `maximum` belong to integers; leave `number` out of `type`");
  return {};
}

Status check_format_name(const Value& schema, std::string_view path) {
  const Value* format = schema.find("format");
  if (format == nullptr || (format->string() != nullptr && contains(kFormats, *format->string()))) return {};
  return refusal(json::member_path(path, "format"), "must be one of " + any_of(kFormats));
}

Status check_secret(const Value& schema, std::string_view path) {
  const Value* secret = schema.find("secret");
  if (secret == nullptr) return {};
  if (secret->boolean() == nullptr) return refusal(json::member_path(path, "secret"), "must be true or false");
  if (!*secret->boolean()) return {};
  if (*schema.find("type") != Value("string"))
    return refusal(json::member_path(path, "type"), "a secret is a `string` and nothing else");
  for (const std::string_view key : {"default", "enum"})
    if (schema.find(key) != nullptr) return refusal(json::member_path(path, key), "a secret cannot have one");
  return {};
}

Status check_properties(const Value& schema, std::string_view path) {
  const Value* properties = schema.find("properties");
  if (properties == nullptr) return {};
  const std::string at = json::member_path(path, "properties");
  if (properties->object() == nullptr) return refusal(at, "must be an object of schemas");
  for (const auto& [key, property] : *properties->object())
    TILL_TRY(check_schema(property, json::member_path(at, key)));
  return {};
}

Status check_required(const Value& schema, std::string_view path) {
  const Value* required = schema.find("required");
  if (required == nullptr) return {};
  const std::string at = json::member_path(path, "required");
  if (required->array() == nullptr || required->array()->size() > kMaxSchemaList)
    return refusal(at, "must be a list of at most " + std::to_string(kMaxSchemaList) + " names");
  const Value* properties = schema.find("properties");
  for (std::size_t i = 0; i < required->array()->size(); ++i) {
    const Value& key = (*required->array())[i];
    const std::string element = json::element_path(at, i);
    if (key.string() == nullptr || properties == nullptr || properties->find(*key.string()) == nullptr)
      return refusal(element, "must be the name of one of the `properties`");
    if (std::count(required->array()->begin(), required->array()->end(), key) > 1)
      return refusal(element, "stands twice");
  }
  return {};
}

Status check_structure(const Value& schema, std::string_view path) {
  TILL_TRY(check_properties(schema, path));
  TILL_TRY(check_required(schema, path));
  const Value* additional = schema.find("additionalProperties");
  if (additional != nullptr && *additional != Value(false))
    return refusal(json::member_path(path, "additionalProperties"), "can only be false");
  const Value* items = schema.find("items");
  return items == nullptr ? Status() : check_schema(*items, json::member_path(path, "items"));
}

// A value of the schema's own keywords (default, one of enum or examples) must fit the schema.
Status check_fits(const Value& schema, const Value& value, const std::string& path) {
  const Status fits = check(schema, value, path);
  return fits.ok() ? Status() : refusal(fits.error().field, "does not fit its own schema: " + fits.error().message);
}

Status check_list_fits(const Value& schema, std::string_view key, std::string_view path) {
  const Value* list = schema.find(key);
  if (list == nullptr) return {};
  const std::string at = json::member_path(path, key);
  if (list->array() == nullptr || list->array()->empty()) return refusal(at, "must be a list that is not empty");
  if (list->array()->size() > kMaxSchemaList)
    return refusal(at, "has more than " + std::to_string(kMaxSchemaList) + " elements");
  for (std::size_t i = 0; i < list->array()->size(); ++i) {
    const Value& value = (*list->array())[i];
    TILL_TRY(check_fits(schema, value, json::element_path(at, i)));
    if (std::count(list->array()->begin(), list->array()->end(), value) > 1)
      return refusal(json::element_path(at, i), "stands twice");
  }
  return {};
}

Status check_keywords(const Value& schema, std::string_view path) {
  if (schema.object() == nullptr)
    return refusal(path, "must be a schema, that is an object such as {\"type\": \"string\"}");
  for (const auto& [key, value] : *schema.object()) {
    if (contains(kKeywords, key)) continue;
    const std::string help = did_you_mean(key, kKeywords);
    return refusal(json::member_path(path, key),
                   "unknown keyword" + (help.empty() ? "; allowed: " + any_of(kKeywords) : help));
  }
  return {};
}

}  // namespace

Status check_schema(const Value& schema, std::string_view path) {
  TILL_TRY(check_keywords(schema, path));
  TILL_TRY(check_types(schema, path));
  TILL_TRY(check_text_member(schema, "title", path));
  TILL_TRY(check_text_member(schema, "description", path));
  TILL_TRY(check_owners(schema, path));
  TILL_TRY(check_numbers(schema, path));
  TILL_TRY(check_format_name(schema, path));
  TILL_TRY(check_secret(schema, path));
  TILL_TRY(check_structure(schema, path));
  TILL_TRY(check_list_fits(schema, "enum", path));
  TILL_TRY(check_list_fits(schema, "examples", path));
  const Value* value = schema.find("default");
  return value == nullptr ? Status() : check_fits(schema, *value, json::member_path(path, "default"));
}

std::vector<std::string> secret_names(const Value& schema) {
  std::vector<std::string> names;
  const Value* properties = schema.find("properties");
  if (properties == nullptr || properties->object() == nullptr) return names;
  for (const auto& [key, property] : *properties->object())
    if (property.find_bool("secret").value_or(false)) names.push_back(key);
  return names;
}

bool has_secrets(const Value& schema) {
  if (schema.find_bool("secret").value_or(false)) return true;
  if (const Value* items = schema.find("items"); items != nullptr && has_secrets(*items)) return true;
  const Value* properties = schema.find("properties");
  if (properties == nullptr || properties->object() == nullptr) return false;
  return std::any_of(properties->object()->begin(), properties->object()->end(),
                     [](const auto& member) { return has_secrets(member.second); });
}

}  // namespace till::plugin
