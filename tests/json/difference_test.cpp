#include "core/json/difference.h"

#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till::json {
namespace {

std::string found(std::string_view expected, std::string_view actual, std::size_t max = 20) {
  std::string out;
  for (const Difference& one : differences(parse(expected).value(), parse(actual).value(), "$", max))
    out += one.path + " " + one.message + "\n";
  return out;
}

TEST(Differences, equal_values_have_none_whatever_the_order_of_members) {
  EXPECT_EQ(found(R"({"a": 1, "b": [true, null]})", R"({"b": [true, null], "a": 1})"), "");
}

TEST(Differences, each_place_is_named) {
  EXPECT_EQ(found(R"({"a": {"b": [1, 2]}, "gone": "x"})", R"({"a": {"b": [1, 3]}, "odd key": 4})"),
            "$.a.b[1] expected 2, got 3\n$.gone is missing, expected \"x\"\n$.\"odd key\" is not expected, got 4\n");
}

TEST(Differences, lists_of_other_lengths_show_what_is_too_much_or_missing) {
  EXPECT_EQ(found("[1, 2]", "[1]"), "$[1] is missing, expected 2\n");
  EXPECT_EQ(found("[1]", "[1, 2]"), "$[1] is not expected, got 2\n");
}

TEST(Differences, the_text_of_a_number_counts) { EXPECT_EQ(found("1.50", "1.5"), "$ expected 1.50, got 1.5\n"); }

TEST(Differences, types_differ_too) { EXPECT_EQ(found(R"("1")", "1"), "$ expected \"1\", got 1\n"); }

TEST(Differences, no_more_than_asked_for) { EXPECT_EQ(found("[1, 1, 1]", "[2, 2, 2]", 1), "$[0] expected 1, got 2\n"); }

TEST(Differences, a_long_value_is_cut_between_characters) {
  const std::string text = found("null", "\"" + std::string(198, 'x') + "\u20ac\u20ac\u20ac\"");
  EXPECT_EQ(text, "$ expected null, got \"" + std::string(198, 'x') + "...\n");
}

}  // namespace
}  // namespace till::json
