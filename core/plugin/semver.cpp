// compare_semver(): part by part.
#include "core/plugin/semver.h"

#include <algorithm>

namespace till::plugin {
namespace {

// Takes what stands before the first `separator`, or all.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

bool is_number(std::string_view part) {
  return std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int sign(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

// Numbers have no leading zeros, so the longer one is the greater one: no size of integer is too small for them.
int compare_numbers(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return sign(a.compare(b));
}

// Numbers come before words.
int compare_words(std::string_view a, std::string_view b) {
  const bool a_is_number = is_number(a), b_is_number = is_number(b);
  if (a_is_number && b_is_number) return compare_numbers(a, b);
  if (a_is_number != b_is_number) return a_is_number ? -1 : 1;
  return sign(a.compare(b));
}

// A version without a pre-release is newer than one with; of two, the longer one when all else is equal.
int compare_prereleases(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.empty() == b.empty() ? 0 : a.empty() ? 1 : -1;
  while (!a.empty() && !b.empty())
    if (const int order = compare_words(take(a, '.'), take(b, '.'))) return order;
  return a.empty() == b.empty() ? 0 : a.empty() ? -1 : 1;
}

}  // namespace

int compare_semver(std::string_view a, std::string_view b) {
  a = a.substr(0, a.find('+'));
  b = b.substr(0, b.find('+'));
  std::string_view a_core = take(a, '-'), b_core = take(b, '-');
  for (int part = 0; part < 3; ++part)
    if (const int order = compare_numbers(take(a_core, '.'), take(b_core, '.'))) return order;
  return compare_prereleases(a, b);
}

}  // namespace till::plugin
