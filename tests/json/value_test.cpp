// Value and Object: look-ups, changes and equality.
#include <gtest/gtest.h>

#include <type_traits>

#include "core/json/json.h"

namespace till::json {
namespace {

TEST(Value, cannot_be_made_from_a_binary_float) {
  static_assert(!std::is_constructible_v<Value, double>);
  static_assert(!std::is_constructible_v<Value, float>);
}

TEST(Value, knows_its_type) {
  const std::pair<Value, std::string_view> cases[] = {{Value(), "null"}, {true, "boolean"},  {Number{"1"}, "number"},
                                                      {"", "string"},    {Array{}, "array"}, {Object{}, "object"}};
  for (const auto& [value, name] : cases) EXPECT_EQ(value.type_name(), name);
  EXPECT_TRUE(Value(nullptr).is_null());
}

TEST(Value, finds_members_of_the_asked_type_only) {
  const Value value = Object{{"s", "text"}, {"b", true}, {"i", Number{"-42"}}, {"d", Number{"1.0"}}};
  EXPECT_EQ(value.find_string("s"), "text");
  EXPECT_EQ(value.find_bool("b"), true);
  EXPECT_EQ(value.find_integer("i"), -42);
  EXPECT_EQ(value.find("missing"), nullptr);
  EXPECT_EQ(value.find_string("b"), std::nullopt);
  EXPECT_EQ(value.find_bool("s"), std::nullopt);
  EXPECT_EQ(value.find_integer("d"), std::nullopt);
  EXPECT_EQ(value.find_integer("s"), std::nullopt);
  EXPECT_EQ(value.find_string("missing"), std::nullopt);
  EXPECT_EQ(Value(Array{}).find("s"), nullptr);
}

TEST(Value, is_an_integer_only_when_written_as_one_that_fits) {
  EXPECT_EQ(Value(Number{"9223372036854775807"}).as_integer(), INT64_MAX);
  EXPECT_EQ(Value(Number{"-9223372036854775808"}).as_integer(), INT64_MIN);
  EXPECT_EQ(Value(Number{"-0"}).as_integer(), 0);
  for (const char* text : {"9223372036854775808", "1.0", "1e2", "0.5"})
    EXPECT_EQ(Value(Number{text}).as_integer(), std::nullopt) << text;
  EXPECT_EQ(Value("1").as_integer(), std::nullopt);
}

TEST(Object, sets_replaces_and_erases_in_place) {
  Object object{{"a", "1"}, {"b", "2"}};
  object.set("a", "3");
  object.set("c", "4");
  EXPECT_EQ(write(object), R"({"a":"3","b":"2","c":"4"})");
  EXPECT_TRUE(object.erase("a"));
  EXPECT_FALSE(object.erase("a"));
  EXPECT_EQ(write(object), R"({"b":"2","c":"4"})");
  *object.find("b") = true;
  EXPECT_EQ(write(object), R"({"b":true,"c":"4"})");
}

TEST(Object, keeps_the_last_of_two_equal_keys_when_listed) {
  EXPECT_EQ(write(Object{{"a", "1"}, {"a", "2"}}), R"({"a":"2"})");
}

TEST(Object, is_equal_whatever_the_order_of_members) {
  EXPECT_EQ((Object{{"a", "1"}, {"b", "2"}}), (Object{{"b", "2"}, {"a", "1"}}));
  EXPECT_NE((Object{{"a", "1"}, {"b", "2"}}), (Object{{"a", "1"}, {"b", "3"}}));
  EXPECT_NE((Object{{"a", "1"}, {"b", "2"}}), (Object{{"a", "1"}, {"c", "2"}}));
  EXPECT_NE((Object{{"a", "1"}}), (Object{{"a", "1"}, {"b", "2"}}));
  Object forwards, backwards;
  for (int i = 0; i < 100; ++i) forwards.set(std::to_string(i), Value::integer(i));
  for (int i = 99; i >= 0; --i) backwards.set(std::to_string(i), Value::integer(i));
  EXPECT_EQ(forwards, backwards);
  backwards.set("50", "other");
  EXPECT_NE(forwards, backwards);
}

TEST(Value, numbers_are_equal_by_their_text) { EXPECT_NE(Value(Number{"1.0"}), Value(Number{"1.00"})); }

}  // namespace
}  // namespace till::json
