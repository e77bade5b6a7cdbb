#include "core/http/challenge.h"

#include <algorithm>

#include "core/base/ascii.h"

namespace till::http {
namespace {

constexpr std::string_view kSpace = " \t";

// Cuts off the first element of a comma-separated list; a comma inside a quoted string ends none.
std::string_view take_element(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end) {
    if (quoted && list[end] == '\\' && end + 1 < list.size())
      ++end;
    else if (list[end] == '"')
      quoted = !quoted;
  }
  const std::string_view element = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  return element;
}

// An element is `scheme`, `scheme param=value` or, behind a challenge's first parameter, `param=value` alone.
std::string_view first_word(std::string_view element) {
  element.remove_prefix(std::min(element.find_first_not_of(kSpace), element.size()));
  return element.substr(0, element.find_first_of(kSpace));
}

}  // namespace

bool offers_scheme(const Headers& headers, std::string_view scheme) {
  for (const auto& [name, value] : headers) {
    if (!same_word(name, "WWW-Authenticate")) continue;
    std::string_view list = value;
    while (!list.empty())
      if (same_word(first_word(take_element(list)), scheme)) return true;
  }
  return false;
}

}  // namespace till::http
