// JSON Pointer: one step for each "/".
#include "core/json/pointer.h"

#include <charconv>
#include <string>

namespace till::json {
namespace {

std::string unescape(std::string_view step) {
  std::string key;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escaped = step[i] == '~' && i + 1 < step.size();
    key += escaped ? (step[++i] == '1' ? '/' : '~') : step[i];
  }
  return key;
}

const Value* item_at(const Array& array, std::string_view step) {
  std::size_t index = 0;
  const auto [end, failed] = std::from_chars(step.data(), step.data() + step.size(), index);
  const bool whole = failed == std::errc() && end == step.data() + step.size();
  return whole && index < array.size() ? &array[index] : nullptr;
}

}  // namespace

const Value* at_pointer(const Value& value, std::string_view pointer) {
  const Value* here = &value;
  while (here && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const std::string_view step = pointer.substr(0, pointer.find('/'));
    pointer.remove_prefix(step.size());
    here = here->array() ? item_at(*here->array(), step) : here->find(unescape(step));
  }
  return here;
}

}  // namespace till::json
