// Which of two semantic versions is the newer one.
#pragma once

#include <string_view>

namespace till::plugin {

// Below 0, 0 or above 0 as `a` comes before, with or after `b` (Semantic Versioning 2.0.0, section 11; what stands
// after "+" does not count). Both must be versions by is_semver().
int compare_semver(std::string_view a, std::string_view b);

// Orders texts as versions, for maps; of versions that differ after "+" only, by that text.
struct SemverLess {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    const int order = compare_semver(a, b);
    return order < 0 || (order == 0 && a < b);
  }
};

}  // namespace till::plugin
