// Validation of a value against a schema that check_schema() has passed: see schema.h.
#include <algorithm>
#include <cstdint>
#include <optional>

#include "core/json/json.h"
#include "core/json/path.h"
#include "core/plugin/format.h"
#include "core/plugin/schema.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

using json::Value;

Error refusal(std::string_view path, std::string_view problem) {
  return invalid_request(std::string(path), sentence(path, problem));
}

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = type.front() == 'a' || type.front() == 'i' || type.front() == 'o';
  return (vowel ? "an " : "a ") + std::string(type);
}

// True for a number written without point or exponent, however large.
bool looks_integer(const Value& value) {
  return value.number() != nullptr && value.number()->text.find_first_of(".eE") == std::string::npos;
}

std::vector<std::string_view> types_of(const Value& schema) {
  const Value* type = schema.find("type");
  if (type == nullptr) return {};
  if (type->string() != nullptr) return {*type->string()};
  std::vector<std::string_view> out;
  for (const Value& name : *type->array()) out.push_back(*name.string());
  return out;
}

bool has_type(const Value& value, std::string_view type) {
  return value.type_name() == type || (type == "integer" && looks_integer(value));
}

Status check_type(const Value& schema, const Value& value, std::string_view path) {
  const auto types = types_of(schema);
  if (std::any_of(types.begin(), types.end(), [&](std::string_view type) { return has_type(value, type); })) return {};
  std::string expected;
  for (const std::string_view type : types) expected += (expected.empty() ? "" : " or ") + with_article(type);
  std::string problem = "must be " + expected + ", not " + with_article(value.type_name());
  if (value.number() != nullptr && std::find(types.begin(), types.end(), "integer") != types.end())
    problem = "must be a whole number, written without point or exponent";
  return refusal(path, problem);
}

Status check_enum(const Value& schema, const Value& value, std::string_view path) {
  const Value* allowed = schema.find("enum");
  if (allowed == nullptr) return {};
  const json::Array& values = *allowed->array();
  if (std::find(values.begin(), values.end(), value) != values.end()) return {};
  std::string list;
  std::vector<std::string_view> words;
  for (const Value& candidate : values) {
    list += (list.empty() ? "" : ", ") + json::write(candidate);
    if (candidate.string() != nullptr) words.push_back(*candidate.string());
  }
  const std::string_view near = value.string() == nullptr ? "" : nearest(*value.string(), words);
  return refusal(path,
                 "expected one of " + list + (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"));
}

bool allows(const Value& schema, std::string_view type) {
  const auto types = types_of(schema);
  return std::find(types.begin(), types.end(), type) != types.end();
}

Status check_integer(const Value& schema, const Value& value, std::string_view path) {
  if (!looks_integer(value) || !allows(schema, "integer") || allows(schema, "number")) return {};
  const auto integer = value.as_integer();
  const auto minimum = schema.find_integer("minimum");
  const auto maximum = schema.find_integer("maximum");
  if (!integer) return refusal(path, "is an integer that does not fit 64 bits");
  if (minimum && *integer < *minimum) return refusal(path, "must be at least " + std::to_string(*minimum));
  if (maximum && *integer > *maximum) return refusal(path, "must be at most " + std::to_string(*maximum));
  return {};
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string characters(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " character" : " characters");
}

Status check_format(std::string_view format, std::string_view text, std::string_view path) {
  if (format == "uri" && !is_uri(text)) return refusal(path, "must be a whole URL such as https://shop.example/thanks");
  if (format == "hex" && !is_hex(text)) return refusal(path, "must be hexadecimal: an even number of digits 0-9, a-f");
  if (format == "email" && !is_email(text))
    return refusal(path, "must be an e-mail address such as payer@shop.example");
  if (format == "hostname" && !is_hostname(text))
    return refusal(path, "must be a host name such as api.shop.example, without scheme, port or path");
  return {};
}

Status check_text(const Value& schema, const Value& value, std::string_view path) {
  if (value.string() == nullptr) return {};
  const auto length = static_cast<std::int64_t>(count_characters(*value.string()));
  const auto minimum = schema.find_integer("minLength");
  const auto maximum = schema.find_integer("maxLength");
  if (minimum && length < *minimum) return refusal(path, "must have at least " + characters(*minimum));
  if (maximum && length > *maximum) return refusal(path, "must have at most " + characters(*maximum));
  const auto format = schema.find_string("format");
  return format ? check_format(*format, *value.string(), path) : Status();
}

Result<Value> validate_array(const Value& schema, const json::Array& array, std::string_view path) {
  const Value* items = schema.find("items");
  json::Array out;
  out.reserve(array.size());
  for (const Value& element : array) {
    if (items == nullptr) {
      out.push_back(element);
      continue;
    }
    TILL_ASSIGN(out.emplace_back(), validate(*items, element, json::element_path(path, out.size())));
  }
  return Value(std::move(out));
}

Error unknown_member(const json::Object* properties, const std::string& key, std::string_view path) {
  std::vector<std::string_view> names;
  if (properties != nullptr)
    for (const auto& property : *properties) names.push_back(property.first);
  std::string help = did_you_mean(key, names);
  if (help.empty()) help = names.empty() ? "; none is allowed here" : "; allowed: " + any_of(names);
  return refusal(json::member_path(path, key), "unknown member" + help);
}

// Fills the members that are missing and have a default, then asks for the required ones.
Status complete(const Value& schema, json::Object& object, std::string_view path) {
  const Value* properties = schema.find("properties");
  if (properties != nullptr)
    for (const auto& [key, property] : *properties->object())
      if (const Value* value = property.find("default"); value != nullptr && object.find(key) == nullptr)
        object.set(key, *value);
  const Value* required = schema.find("required");
  if (required == nullptr) return {};
  for (const Value& key : *required->array()) {
    if (object.find(*key.string()) != nullptr) continue;
    const Value* property = properties == nullptr ? nullptr : properties->find(*key.string());
    const auto title = property == nullptr ? std::nullopt : property->find_string("title");
    return refusal(json::member_path(path, *key.string()),
                   title ? "is required: " + std::string(*title) : "is required");
  }
  return {};
}

Result<Value> validate_object(const Value& schema, const json::Object& object, std::string_view path) {
  const Value* found = schema.find("properties");
  const json::Object* properties = found == nullptr ? nullptr : found->object();
  const bool closed = schema.find("additionalProperties") != nullptr;
  json::Object out;
  out.reserve(object.size());
  for (const auto& [key, value] : object) {
    const Value* property = properties == nullptr ? nullptr : properties->find(key);
    if (property == nullptr && closed) return unknown_member(properties, key, path);
    if (property == nullptr) {
      out.append(key, value);
      continue;
    }
    TILL_ASSIGN(Value checked, validate(*property, value, json::member_path(path, key)));
    out.append(key, std::move(checked));
  }
  TILL_TRY(complete(schema, out, path));
  return Value(std::move(out));
}

}  // namespace

Result<Value> validate(const Value& schema, const Value& instance, std::string_view path) {
  TILL_TRY(check_type(schema, instance, path));
  TILL_TRY(check_enum(schema, instance, path));
  TILL_TRY(check_integer(schema, instance, path));
  TILL_TRY(check_text(schema, instance, path));
  if (const auto* array = instance.array()) return validate_array(schema, *array, path);
  if (const auto* object = instance.object()) return validate_object(schema, *object, path);
  return instance;
}

}  // namespace till::plugin
