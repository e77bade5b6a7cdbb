// Shapes: the schemas from which the table of operations is put together.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string_view>

#include "core/json/value.h"

namespace till::plugin {

// Text of `least` to `most` characters.
json::Value text_shape(std::size_t most, std::size_t least = 0);
json::Value url_shape();
json::Value decimal_shape();
json::Value integer_shape();
json::Value boolean_shape();
json::Value words_shape(std::initializer_list<std::string_view> words);
json::Value any_shape();
// An object with these members and no others.
json::Value object_shape(json::Object members, std::initializer_list<std::string_view> required = {});
// An object that may hold further members.
json::Value open_shape(json::Object members = {}, std::initializer_list<std::string_view> required = {});
json::Value list_shape(json::Value items);
json::Value money_shape();

// The same, or null: what a script need not know.
json::Value or_null(json::Value shape);

}  // namespace till::plugin
