// Node: a place in a manifest: a value, where it stands, and the questions that the checks ask of it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::plugin {

// Borrows the value. All errors are kPlugin, code "manifest", with the place in `field`.
class Node {
 public:
  Node(const json::Value& value, std::string path) : value_(&value), path_(std::move(path)) {}

  const json::Value& value() const { return *value_; }
  const std::string& path() const { return path_; }
  Error error(std::string_view problem) const;

  // An object that has no members but these.
  Status only(std::initializer_list<std::string_view> keys) const;
  std::optional<Node> find(std::string_view key) const;
  Result<Node> required(std::string_view key) const;

  // Text of 1 to 2,048 bytes without control characters.
  Result<std::string> text() const;
  // A member's boolean; false when it is absent.
  Result<bool> flag(std::string_view key) const;
  // The elements of a list.
  Result<std::vector<Node>> elements() const;
  // The members of an object, each with its key.
  Result<std::vector<std::pair<std::string, Node>>> members() const;

 private:
  const json::Value* value_;
  std::string path_;
};

// The list of texts under `key`, each accepted by `check` (which says what is wrong) and none standing twice; empty
// when the key is absent.
template <class Check>
Result<std::vector<std::string>> read_texts(const Node& parent, std::string_view key, Check check) {
  std::vector<std::string> out;
  const auto list = parent.find(key);
  if (!list) return out;
  TILL_ASSIGN(const auto elements, list->elements());
  for (const Node& element : elements) {
    TILL_ASSIGN(std::string text, element.text());
    TILL_TRY(check(element, text));
    for (const std::string& earlier : out)
      if (earlier == text) return element.error("stands twice");
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace till::plugin
