// Node: a place in a scheme's JSON, and the questions that the reader asks of it. Inside the room only.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::webhook {

// Borrows the value. All errors are kConfiguration, code "webhook_scheme", with the place in `field`.
class Node {
 public:
  Node(const json::Value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const json::Value& value() const { return *value_; }
  Error error(std::string_view problem) const;

  // An object that has no members but these.
  Status only(std::initializer_list<std::string_view> keys) const;
  std::optional<Node> find(std::string_view key) const;
  Result<Node> required(std::string_view key) const;
  // Text of 1 to 255 bytes.
  Result<std::string> text() const;
  // As text(), for a member; `otherwise` when it is absent.
  Result<std::string> text_of(std::string_view key, std::string_view otherwise) const;
  // A member of one character; `otherwise` when it is absent.
  Result<char> character_of(std::string_view key, char otherwise) const;
  Result<bool> flag(std::string_view key) const;
  // From 0 to a year in seconds.
  Result<std::int64_t> seconds(std::string_view key) const;
  Result<std::vector<Node>> elements() const;

  // The value that the text stands for.
  template <class T, std::size_t kCount>
  Result<T> one_of(const std::array<std::pair<std::string_view, T>, kCount>& words) const {
    std::string known;
    for (const auto& [word, meaning] : words) {
      if (value_->string() && *value_->string() == word) return meaning;
      known.append(known.empty() ? "" : ", ").append(word);
    }
    return error("must be one of " + known);
  }

 private:
  const json::Value* value_;
  std::string path_;
};

}  // namespace till::webhook
