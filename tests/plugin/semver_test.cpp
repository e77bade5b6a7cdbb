#include "core/plugin/semver.h"

#include <gtest/gtest.h>

#include <string>

namespace till::plugin {
namespace {

// Semantic Versioning 2.0.0, section 11, in its order.
TEST(Semver, versions_are_ordered_as_the_specification_orders_them) {
  constexpr std::string_view kRising[] = {"0.9.9",         "1.0.0-alpha",
                                          "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                          "1.0.0-beta",    "1.0.0-beta.2",
                                          "1.0.0-beta.11", "1.0.0-rc.1",
                                          "1.0.0",         "1.0.1",
                                          "1.2.0",         "1.10.0",
                                          "2.0.0",         "2.0.10000000000000000000000"};
  for (std::size_t a = 0; a < std::size(kRising); ++a)
    for (std::size_t b = 0; b < std::size(kRising); ++b) {
      const int order = compare_semver(kRising[a], kRising[b]);
      EXPECT_EQ(order < 0, a < b) << kRising[a] << " " << kRising[b];
      EXPECT_EQ(order > 0, a > b) << kRising[a] << " " << kRising[b];
    }
}

TEST(Semver, build_metadata_does_not_count) {
  EXPECT_EQ(compare_semver("1.0.0+1", "1.0.0+2"), 0);
  EXPECT_LT(compare_semver("1.0.0-rc.1+9", "1.0.0+1"), 0);
}

}  // namespace
}  // namespace till::plugin
