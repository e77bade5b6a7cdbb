// Reading the vector files.
#pragma once

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "core/base/encoding.h"
#include "core/json/json.h"

namespace till {

// The file tests/vectors/<name>. Throws when it cannot be read, which fails the test.
inline json::Value load_vectors(const std::string& name) {
  std::ifstream file(std::string(TILL_TEST_VECTORS "/") + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto value = json::parse(text);
  if (!value.ok()) throw std::runtime_error(name + ": " + value.error().message);
  return std::move(value).value();
}

// The named array; throws when it is missing or empty, because a loop over nothing proves nothing.
inline const json::Array& cases_of(const json::Value& value, std::string_view key) {
  const json::Value* member = value.find(key);
  if (member == nullptr || member->array() == nullptr || member->array()->empty())
    throw std::runtime_error("no vectors under " + std::string(key));
  return *member->array();
}

inline std::string required_text(const json::Value& value, std::string_view key) {
  return std::string(value.find_string(key).value());
}

inline std::string bytes_of(const json::Value& value, std::string_view key) {
  return hex_decode(value.find_string(key).value()).value();
}

}  // namespace till
