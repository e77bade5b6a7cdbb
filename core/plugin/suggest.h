// Suggest: "did you mean ...?" for a word that is not one of those it should be.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace till::plugin {

// The nearest candidate when it is near enough to be a slip of the pen, else empty. Looks at the first 64 bytes.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
// "; did you mean `food`?", or "" when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);
// The message of an error about a place: "$.a.b: problem."
std::string sentence(std::string_view path, std::string_view problem);
// "`a`, `b` or `c`"
std::string any_of(std::span<const std::string_view> words);

}  // namespace till::plugin
