// The JSON writer and the grammar of numbers.
#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till::json {
namespace {

TEST(Write, emits_numbers_exactly_as_their_text) {
  EXPECT_EQ(write(Object{{"amount", Number{"150.00"}}, {"rate", Number{"1e400"}}}),
            R"({"amount":150.00,"rate":1e400})");
  EXPECT_EQ(write(Value::integer(INT64_MIN)), "-9223372036854775808");
}

TEST(Write, is_compact_and_keeps_order) {
  EXPECT_EQ(write(Object{{"b", Array{nullptr, true, false, "x", Array{}, Object{}}}, {"a", Object{{"c", ""}}}}),
            R"({"b":[null,true,false,"x",[],{}],"a":{"c":""}})");
}

TEST(Write, escapes_what_json_demands_and_nothing_else) {
  EXPECT_EQ(write(Value(std::string("\"\\/\b\f\n\r\t\0\x01\x1f", 11))), R"("\"\\/\b\f\n\r\t\u0000\u0001\u001f")");
  EXPECT_EQ(write(Value("\x7F \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 </script>")),
            "\"\x7F \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80 </script>\"");
  EXPECT_EQ(write(Object{{"a\"b", 0 == 1}}), R"({"a\"b":false})");
}

TEST(Write, appends_to_what_is_there) {
  std::string out = "x=";
  write_to(Array{"a"}, out);
  write_string_to("b\n", out);
  EXPECT_EQ(out, R"(x=["a"]"b\n")");
}

TEST(Write, sorted_text_is_the_same_whatever_the_order_of_members) {
  std::string one, other;
  const Value inner = Array{Object{{"d", nullptr}, {"c", Number{"1.50"}}}, "x"};
  write_sorted_to(Object{{"b", inner}, {"a", true}, {"ab", Object{}}}, one);
  write_sorted_to(Object{{"ab", Object{}}, {"a", true}, {"b", inner}}, other);
  EXPECT_EQ(one, R"({"a":true,"ab":{},"b":[{"c":1.50,"d":null},"x"]})");
  EXPECT_EQ(other, one);
}

TEST(IsNumber, follows_the_grammar) {
  for (const char* text : {"0", "-0", "10", "1.5", "0.10", "1e5", "1E-5", "1e+05", "-12.30e7"})
    EXPECT_TRUE(is_number(text)) << text;
  for (const char* text : {"", "-", "00", "01", "-01", "1.", ".1", "+1", "1e", "1e+", " 1", "1 ", "1,0", "0x1", "1e5.0",
                           "NaN", "--1", "1.e1"})
    EXPECT_FALSE(is_number(text)) << text;
  EXPECT_FALSE(is_number(std::string_view("1\0", 2)));
}

}  // namespace
}  // namespace till::json
