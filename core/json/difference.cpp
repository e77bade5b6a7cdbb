// differences(): a walk through both values at once.
#include "core/json/difference.h"

#include <algorithm>

#include "core/json/json.h"
#include "core/json/path.h"

namespace till::json {
namespace {

constexpr std::size_t kMaxShown = 200;

std::string shown(const Value& value) {
  std::string text = write(value);
  if (text.size() <= kMaxShown) return text;
  std::size_t end = kMaxShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // no half of a character
  return text.substr(0, end) + "...";
}

class Comparison {
 public:
  explicit Comparison(std::size_t max) : max_(max) {}

  void compare(const Value& expected, const Value& actual, const std::string& path) {
    if (found_.size() >= max_ || expected == actual) return;
    if (expected.object() && actual.object())
      compare_members(*expected.object(), *actual.object(), path);
    else if (expected.array() && actual.array())
      compare_elements(*expected.array(), *actual.array(), path);
    else
      add(path, "expected " + shown(expected) + ", got " + shown(actual));
  }

  std::vector<Difference> found() && { return std::move(found_); }

 private:
  void add(std::string path, std::string message) {
    if (found_.size() < max_) found_.push_back({std::move(path), std::move(message)});
  }

  void compare_members(const Object& expected, const Object& actual, const std::string& path) {
    for (const auto& [key, value] : expected) {
      if (const Value* other = actual.find(key))
        compare(value, *other, member_path(path, key));
      else
        add(member_path(path, key), "is missing, expected " + shown(value));
    }
    for (const auto& [key, value] : actual)
      if (!expected.find(key)) add(member_path(path, key), "is not expected, got " + shown(value));
  }

  void compare_elements(const Array& expected, const Array& actual, const std::string& path) {
    const std::size_t both = std::min(expected.size(), actual.size());
    for (std::size_t i = 0; i < both; ++i) compare(expected[i], actual[i], element_path(path, i));
    for (std::size_t i = both; i < expected.size(); ++i)
      add(element_path(path, i), "is missing, expected " + shown(expected[i]));
    for (std::size_t i = both; i < actual.size(); ++i)
      add(element_path(path, i), "is not expected, got " + shown(actual[i]));
  }

  std::size_t max_;
  std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> differences(const Value& expected, const Value& actual, std::string_view path,
                                    std::size_t max) {
  Comparison comparison(max);
  comparison.compare(expected, actual, std::string(path));
  return std::move(comparison).found();
}

}  // namespace till::json
