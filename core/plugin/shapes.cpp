// Shapes: see shapes.h.
#include "core/plugin/shapes.h"

#include <utility>

#include "core/base/limits.h"

namespace till::plugin {
namespace {

using json::Array;
using json::Object;
using json::Value;

Value count(std::size_t number) { return Value::integer(static_cast<std::int64_t>(number)); }

Array texts(std::initializer_list<std::string_view> words) {
  Array out;
  for (const std::string_view word : words) out.emplace_back(word);
  return out;
}

Value formatted(std::string_view format, std::size_t most) {
  return Object{{"type", "string"}, {"format", format}, {"maxLength", count(most)}};
}

}  // namespace

Value text_shape(std::size_t most, std::size_t least) {
  Object shape{{"type", "string"}};
  if (least > 0) shape.set("minLength", count(least));
  shape.set("maxLength", count(most));
  return shape;
}

Value url_shape() { return formatted("uri", kMaxUrlLength); }
Value decimal_shape() { return formatted("decimal", kMaxAmountLength); }
Value integer_shape() { return Object{{"type", "integer"}}; }
Value boolean_shape() { return Object{{"type", "boolean"}}; }
Value words_shape(std::initializer_list<std::string_view> words) {
  return Object{{"type", "string"}, {"enum", texts(words)}};
}

Value any_shape() {
  return Object{{"type", texts({"null", "boolean", "integer", "number", "string", "array", "object"})}};
}

Value open_shape(Object members, std::initializer_list<std::string_view> required) {
  Object shape{{"type", "object"}, {"properties", std::move(members)}};
  if (required.size() > 0) shape.set("required", texts(required));
  return shape;
}

Value object_shape(Object members, std::initializer_list<std::string_view> required) {
  Value shape = open_shape(std::move(members), required);
  shape.object()->set("additionalProperties", false);
  return shape;
}

Value list_shape(Value items) { return Object{{"type", "array"}, {"items", std::move(items)}}; }

Value money_shape() {
  return object_shape({{"amount", text_shape(kMaxAmountLength)}, {"currency", text_shape(kMaxCurrencyCodeLength)}},
                      {"amount", "currency"});
}

Value or_null(Value shape) {
  Object& members = *shape.object();
  members.set("type", Array{*members.find("type"), "null"});
  if (Value* words = members.find("enum")) words->array()->emplace_back();
  return shape;
}

}  // namespace till::plugin
