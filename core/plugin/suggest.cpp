// Suggest: see suggest.h.
#include "core/plugin/suggest.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace till::plugin {
namespace {

constexpr std::size_t kMaxCompared = 64;

// Number of single-byte insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  std::iota(above.begin(), above.end(), 0u);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
  word = word.substr(0, kMaxCompared);
  std::string_view best;
  std::size_t best_distance = 1 + std::min<std::size_t>(3, std::max<std::size_t>(1, word.size() / 3));
  for (const std::string_view candidate : candidates) {
    const std::size_t far = distance(word, candidate.substr(0, kMaxCompared));
    if (far >= best_distance) continue;
    best = candidate;
    best_distance = far;
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest(word, candidates);
  return near.empty() ? "" : "; did you mean `" + std::string(near) + "`?";
}

std::string sentence(std::string_view path, std::string_view problem) {
  const bool ended = problem.ends_with('?') || problem.ends_with('.');
  return std::string(path) + ": " + std::string(problem) + (ended ? "" : ".");
}

std::string any_of(std::span<const std::string_view> words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += "`" + std::string(words[i]) + "`";
  }
  return out;
}

}  // namespace till::plugin
