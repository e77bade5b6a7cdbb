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

// Where a check stands in the instance: written out only when there is something to say.
struct Place {
  const Place* above;
  std::string_view key;                // of the member; at the top the path given by the caller
  std::optional<std::size_t> index{};  // of the element, instead of a key

  std::string text() const {
    if (above == nullptr) return std::string(key);
    return index ? json::element_path(above->text(), *index) : json::member_path(above->text(), key);
  }
};

Error refusal(const Place& place, std::string_view problem) {
  const std::string path = place.text();
  return invalid_request(path, sentence(path, problem));
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

bool has_type(const Value& value, std::string_view type) {
  return value.type_name() == type || (type == "integer" && looks_integer(value));
}

// Is one of the types that the schema allows such that `test` holds?
template <class Test>
bool any_type(const Value& schema, Test test) {
  const Value& types = *schema.find("type");
  if (types.string() != nullptr) return test(std::string_view(*types.string()));
  const json::Array& list = *types.array();
  return std::any_of(list.begin(), list.end(),
                     [&](const Value& type) { return test(std::string_view(*type.string())); });
}

bool allows(const Value& schema, std::string_view wanted) {
  return any_type(schema, [&](std::string_view type) { return type == wanted; });
}

Status check_type(const Value& schema, const Value& value, const Place& place) {
  if (any_type(schema, [&](std::string_view type) { return has_type(value, type); })) return {};
  if (value.number() != nullptr && allows(schema, "integer"))
    return refusal(place, "must be a whole number, written without point or exponent");
  std::string expected;
  any_type(schema, [&](std::string_view type) {
    expected += (expected.empty() ? "" : " or ") + with_article(type);
    return false;
  });
  return refusal(place, "must be " + expected + ", not " + with_article(value.type_name()));
}

Status check_enum(const Value& schema, const Value& value, const Place& place) {
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
  return refusal(place,
                 "expected one of " + list + (near.empty() ? "" : "; did you mean \"" + std::string(near) + "\"?"));
}

Status check_integer(const Value& schema, const Value& value, const Place& place) {
  if (!looks_integer(value) || !allows(schema, "integer") || allows(schema, "number")) return {};
  const auto integer = value.as_integer();
  const auto minimum = schema.find_integer("minimum");
  const auto maximum = schema.find_integer("maximum");
  if (!integer) return refusal(place, "is an integer that does not fit 64 bits");
  if (minimum && *integer < *minimum) return refusal(place, "must be at least " + std::to_string(*minimum));
  if (maximum && *integer > *maximum) return refusal(place, "must be at most " + std::to_string(*maximum));
  return {};
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

std::string characters(std::int64_t count) {
  return std::to_string(count) + (count == 1 ? " character" : " characters");
}

Status check_format(std::string_view format, std::string_view text, const Place& place) {
  if (format == "uri" && !is_uri(text))
    return refusal(place, "must be a whole URL such as https://shop.example/thanks");
  if (format == "hex" && !is_hex(text)) return refusal(place, "must be hexadecimal: an even number of digits 0-9, a-f");
  if (format == "decimal" && !is_decimal(text)) return refusal(place, "must be decimal text such as 48.25");
  if (format == "email" && !is_email(text))
    return refusal(place, "must be an e-mail address such as payer@shop.example");
  if (format == "hostname" && !is_hostname(text))
    return refusal(place, "must be a host name such as api.shop.example, without scheme, port or path");
  return {};
}

Status check_text(const Value& schema, const Value& value, const Place& place) {
  if (value.string() == nullptr) return {};
  const auto length = static_cast<std::int64_t>(count_characters(*value.string()));
  const auto minimum = schema.find_integer("minLength");
  const auto maximum = schema.find_integer("maxLength");
  if (minimum && length < *minimum) return refusal(place, "must have at least " + characters(*minimum));
  if (maximum && length > *maximum) return refusal(place, "must have at most " + characters(*maximum));
  const auto format = schema.find_string("format");
  return format ? check_format(*format, *value.string(), place) : Status();
}

Status check_value(const Value& schema, const Value& value, const Place& place);

Status check_array(const Value& schema, const json::Array& array, const Place& place) {
  const Value* items = schema.find("items");
  if (items == nullptr) return {};
  for (std::size_t i = 0; i < array.size(); ++i) TILL_TRY(check_value(*items, array[i], {&place, {}, i}));
  return {};
}

Error unknown_member(const Value* properties, std::string_view key, const Place& place) {
  std::vector<std::string_view> names;
  if (properties != nullptr)
    for (const auto& property : *properties->object()) names.push_back(property.first);
  std::string help = did_you_mean(key, names);
  if (help.empty()) help = names.empty() ? "; none is allowed here" : "; allowed: " + any_of(names);
  return refusal({&place, key}, "unknown member" + help);
}

Status check_required(const Value& schema, const json::Object& object, const Place& place) {
  const Value* required = schema.find("required");
  if (required == nullptr) return {};
  const Value* properties = schema.find("properties");
  for (const Value& key : *required->array()) {
    if (object.find(*key.string()) != nullptr) continue;
    const Value& property = *properties->find(*key.string());
    if (property.find("default") != nullptr) continue;
    const auto title = property.find_string("title");
    return refusal({&place, *key.string()}, title ? "is required: " + std::string(*title) : "is required");
  }
  return {};
}

Status check_object(const Value& schema, const json::Object& object, const Place& place) {
  const Value* properties = schema.find("properties");
  const bool closed = schema.find("additionalProperties") != nullptr;
  for (const auto& [key, value] : object) {
    const Value* property = properties == nullptr ? nullptr : properties->find(key);
    if (property != nullptr)
      TILL_TRY(check_value(*property, value, {&place, key}));
    else if (closed)
      return unknown_member(properties, key, place);
  }
  return check_required(schema, object, place);
}

Status check_value(const Value& schema, const Value& value, const Place& place) {
  TILL_TRY(check_type(schema, value, place));
  TILL_TRY(check_enum(schema, value, place));
  if (value.number() != nullptr) return check_integer(schema, value, place);
  if (value.string() != nullptr) return check_text(schema, value, place);
  if (const auto* array = value.array()) return check_array(schema, *array, place);
  if (const auto* object = value.object()) return check_object(schema, *object, place);
  return {};
}

// Fills the members that are missing and have a default.
void fill(const Value& schema, Value& value) {
  if (json::Array* array = value.array()) {
    if (const Value* items = schema.find("items"))
      for (Value& element : *array) fill(*items, element);
    return;
  }
  json::Object* object = value.object();
  const Value* properties = schema.find("properties");
  if (object == nullptr || properties == nullptr) return;
  for (const auto& [key, property] : *properties->object()) {
    const Value* otherwise = property.find("default");
    if (Value* member = object->find(key))
      fill(property, *member);
    else if (otherwise != nullptr)
      object->set(key, *otherwise);
  }
}

}  // namespace

Status check(const Value& schema, const Value& instance, std::string_view path) {
  return check_value(schema, instance, {nullptr, path});
}

Result<Value> validate(const Value& schema, Value instance, std::string_view path) {
  TILL_TRY(check(schema, instance, path));
  fill(schema, instance);
  return instance;
}

}  // namespace till::plugin
