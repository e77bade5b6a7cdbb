// The JSON reader: what it accepts, what it refuses, and where it says the fault is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "core/json/json.h"

namespace till::json {
namespace {

using testing::HasSubstr;
using testing::Not;

Value parsed(std::string_view text) {
  auto result = parse(text);
  EXPECT_TRUE(result.ok()) << text << " -> " << result.error().message;
  return result.ok() ? *std::move(result) : Value();
}

Error refused(std::string_view text, const ParseLimits& limits = {}) {
  auto result = parse(text, limits);
  EXPECT_FALSE(result.ok()) << text.substr(0, 200);
  if (result.ok()) return {};
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(result.error().code, "invalid_json");
  return result.error();
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Parse, keeps_the_text_of_every_number) {
  for (const char* text : {"0", "-0", "150.00", "1e400", "1E+2", "-0.0007", "123456789012345678901234567890", "1.0e-5",
                           "0e0", "9223372036854775808", "-1E-999999"}) {
    EXPECT_EQ(parsed(text), Value(Number{text}));
    EXPECT_EQ(parsed("{\"a\":[" + std::string(text) + " ]}"), Value(Object{{"a", Array{Number{text}}}}));
  }
}

TEST(Parse, refuses_what_is_no_number_by_the_grammar) {
  for (const char* text :
       {"01",       "-",         "+1",    ".5",    "1.",  "1e", "1e+",  "-01",  "0x1F", "1_000",     "NaN",
        "Infinity", "-Infinity", "1.5.2", "1e5e5", "--1", "1-", "1,5e", "0.e1", "2.e3", "1\xC2\xA0", "1a"}) {
    refused(text);
    EXPECT_EQ(refused("{\"a\":[7, " + std::string(text) + "]}").kind, ErrorKind::kInvalidRequest);
  }
}

TEST(Parse, reads_scalars_at_the_top) {
  EXPECT_EQ(parsed("null"), Value());
  EXPECT_EQ(parsed(" true\n"), Value(true));
  EXPECT_EQ(parsed("\tfalse "), Value(false));
  EXPECT_EQ(parsed("\"a\""), Value("a"));
  EXPECT_EQ(parsed("\"\""), Value(""));
}

TEST(Parse, keeps_the_order_of_members_and_elements) {
  const Value value = parsed(R"( { "b" : 1 , "a" : [ true , null , { } , [ ] , "x" ] , "" : "" } )");
  EXPECT_EQ(write(value), R"({"b":1,"a":[true,null,{},[],"x"],"":""})");
}

TEST(Parse, unescapes_strings) {
  EXPECT_EQ(parsed(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00")"),
            Value("\"\\/\b\f\n\r\tA\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
  EXPECT_EQ(parsed(R"("a\u0000b")"), Value(std::string("a\0b", 3)));
  EXPECT_EQ(parsed(R"({"\u0061\n":1})"), Value(Object{{"a\n", Value::integer(1)}}));
  EXPECT_EQ(parsed("\"\x7F\xE2\x80\xA8\xEF\xBF\xBF\""), Value("\x7F\xE2\x80\xA8\xEF\xBF\xBF"));
}

TEST(Parse, refuses_bad_syntax) {
  for (const char* text : {"",
                           " \n",
                           "[",
                           "]",
                           "{",
                           "}",
                           "[1",
                           "[1,",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "[1,,2]",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\" 1}",
                           "{1:1}",
                           "{\"a\":1 2}",
                           "[\"a\":1]",
                           "[}",
                           "{]",
                           "[1}",
                           "{\"a\":1]",
                           "[[]",
                           "[]]",
                           "{\"a\":[}",
                           "\"a",
                           "a\"",
                           "'a'",
                           "tru",
                           "truee",
                           "nul",
                           "nulll",
                           "True",
                           "undefined",
                           "[true false]",
                           "[nul]",
                           "// x\n1",
                           "[1]//x",
                           "/**/1",
                           "[\"a\"\"b\"]",
                           "[1]2",
                           "1 2",
                           "{}{}",
                           "[][]",
                           "1,2",
                           "],[",
                           "1],[2",
                           "1]",
                           "[1",
                           ",",
                           ":",
                           "{\"a\":1}}",
                           "{\"a\":1,\"b\"}",
                           "{\"a\"::1}",
                           "{\"a\":1:2}",
                           "{null:1}",
                           "{[]:1}",
                           "\"a\"b",
                           "\"\\\"",
                           "[\"\\\"]",
                           "\\u0041",
                           "{\"a\":\"b\",,}",
                           "[\"a\",\n4\n,1,",
                           "*",
                           "@",
                           "[*]",
                           "#",
                           "\x01"}) {
    const Error error = refused(text);
    EXPECT_THAT(error.field, testing::StartsWith("$")) << text;
  }
}

TEST(Parse, refuses_what_follows_the_document) {
  EXPECT_THAT(refused("{} x").message, HasSubstr("goes on after its end"));
  EXPECT_THAT(refused("{}]").message, HasSubstr("goes on after its end"));
  EXPECT_THAT(refused("1,2").message, HasSubstr("goes on after its end"));
  EXPECT_EQ(refused(std::string_view("1\0", 2)).field, "$");
  EXPECT_EQ(refused(std::string_view("{}\0", 3)).field, "$");
}

TEST(Parse, refuses_an_empty_document) {
  EXPECT_THAT(refused("").message, HasSubstr("is empty"));
  EXPECT_THAT(refused(" \r\n\t").message, HasSubstr("is empty"));
}

TEST(Parse, refuses_a_byte_order_mark) {
  EXPECT_EQ(refused("\xEF\xBB\xBF{}").message,
            "$: is not JSON: the text begins with a byte order mark at line 1, column 1.");
}

TEST(Parse, refuses_bad_strings) {
  for (const char* text : {R"("\x")", R"("\u12")", R"("\u12G4")", R"("\U0041")", R"("\'")", "\"\n\"", "\"\t\"",
                           "\"\x1F\"", R"("\u")", R"("\u+041")", R"("\)"})
    refused(text);
  EXPECT_THAT(refused("\"\n\"").message, HasSubstr("control character"));
  EXPECT_THAT(refused("[\"abc").message, HasSubstr("does not end"));
  refused(std::string_view("\"\0\"", 3));
}

TEST(Parse, refuses_half_a_surrogate_pair) {
  for (const char* text : {R"("\uD800")", R"("\uDC00")", R"("\uDBFF\uDBFF")", R"("\uDC00\uD800")", R"("\uD800x\uDC00")",
                           R"("\uD800\u0041")", R"("\uD800\n")", R"("a\ud83d")", R"("\uD83D\uDE00\uDE00")",
                           R"("\\\uD800")", R"("\uD800\\uDC00")", R"("\udFFF")"}) {
    EXPECT_THAT(refused(text).message, HasSubstr("surrogate")) << text;
    EXPECT_THAT(refused("{" + std::string(text) + ":1}").message, HasSubstr("surrogate")) << text;
  }
  EXPECT_EQ(parsed(R"("\\uD800")"), Value("\\uD800"));
  EXPECT_EQ(parsed(R"("\ud83d\ude00 \uD7FF\uE000")"), Value("\xF0\x9F\x98\x80 \xED\x9F\xBF\xEE\x80\x80"));
}

TEST(Parse, refuses_text_that_is_not_utf8) {
  for (const char* bytes : {"\x80", "\xC0\xAF", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\xC3("}) {
    EXPECT_THAT(refused("\"" + std::string(bytes) + "\"").message, HasSubstr("UTF-8"));
    EXPECT_THAT(refused("{\"" + std::string(bytes) + "\":1}").message, HasSubstr("UTF-8"));
  }
}

TEST(Parse, refuses_a_duplicate_key_and_names_it) {
  EXPECT_EQ(refused(R"({"a":1,"b":2,"a":1})").field, "$.a");
  EXPECT_EQ(refused(R"([{"x":{"odd key":1,"odd key":2}}])").field, R"($[0].x."odd key")");
  EXPECT_EQ(refused(R"({"a":1,"\u0061":1})").field, "$.a");
  EXPECT_THAT(refused(R"({"a":1,"a":1})").message, HasSubstr("stands twice"));
  parsed(R"([{"a":1},{"a":1},{"A":{"a":1}}])");
}

TEST(Parse, finds_a_duplicate_key_in_a_large_object) {
  for (const int count : {15, 16, 17, 18, 40, 1000}) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += "\"k" + std::to_string(i) + "\":0,";
    EXPECT_EQ(parsed(text + "\"last\":0}").object()->size(), static_cast<std::size_t>(count) + 1);
    EXPECT_EQ(refused(text + "\"k3\":0}").field, "$.k3") << count;
  }
}

TEST(Parse, says_where_the_fault_is) {
  EXPECT_EQ(refused(R"({"data":[{"amount":1},{"amount":01}]})").field, "$.data[1].amount");
  EXPECT_EQ(refused(R"([[],[0,[tru]]])").field, "$[1][1][0]");
  EXPECT_EQ(refused(R"({"a b":{"":{"é":"\ud800"}}})").field, R"($."a b".""."é")");
  EXPECT_EQ(refused(R"({"a":{"b" 1}})").field, "$.a");
  EXPECT_EQ(refused("{\"" + std::string(300, 'x') + "\":01}").field, "$.\"" + std::string(64, 'x') + "...\"");
  EXPECT_EQ(refused(R"({"data":[1,2 3]})").message,
            "$.data[2]: is not JSON: a comma or the closing ] is missing at line 1, column 14.");
}

TEST(Parse, tells_common_faults_apart_with_their_line_and_column) {
  const auto told = [](std::string_view text) {
    const std::string message = refused(text).message;
    const auto at = message.find("is not JSON: ");
    return at == std::string::npos ? message : message.substr(at + 13);
  };
  EXPECT_EQ(told("{\n  \"a\": 1,\n  \"b\": [2],\n}"), "a comma stands before a closing bracket at line 3, column 11.");
  EXPECT_EQ(told("[\n1,\n2,]"), "a comma stands before a closing bracket at line 3, column 2.");
  EXPECT_EQ(told("{\n  \"a\": 1\n  \"b\": 2\n}"), "a comma or the closing } is missing at line 3, column 3.");
  EXPECT_EQ(told("{\"é\" 1}"), "a colon is missing behind a key at line 1, column 6.");
  EXPECT_EQ(told("{\n'a': 1}"), "a key in double quotes is missing at line 2, column 1.");
  EXPECT_EQ(told("{\n// why\n\"a\": 1}"), "JSON has no comments at line 2, column 1.");
  EXPECT_EQ(told("{\"a\":\n\"one\ntwo\"}"),
            "a string does not end on its line, or holds a control character at line 2, column 1.");
  EXPECT_EQ(told("{\"a\": \"\\x\"}"), "a string holds an escape that JSON does not have at line 1, column 8.");
  EXPECT_EQ(told("{\"a\": [1, 2"), "the text ends too early at line 1, column 12.");
  EXPECT_EQ(told("{\"a\": }"), "a value is missing at line 1, column 7.");
  EXPECT_EQ(told("{}\n\n{}"), "the text goes on after its end at line 3, column 1.");
  EXPECT_EQ(told("[1,\n tru]"), "a word is none of true, false and null at line 2, column 2.");
  EXPECT_EQ(told("{\"a\": True}"), "a word is none of true, false and null at line 1, column 7.");
  for (const char* number : {"01", "+1", ".5", "1.", "-", "0x1F", "1_000", "-Infinity"})
    EXPECT_EQ(told("[7,\n" + std::string(number) + "]"),
              "a number has a form that JSON does not have at line 2, column 1.");
  EXPECT_EQ(told("[\"\xC3\xA9\",\n\"\xC3\xA9\xFF\"]"), "the text is not valid UTF-8 at line 2, column 3.");
  EXPECT_EQ(told("[1}\xFF"), "a comma or the closing ] is missing at line 1, column 3.");
  EXPECT_EQ(told("{\"\xFF\" 1}"), "the text is not valid UTF-8 at line 1, column 3.");
}

TEST(Parse, never_shows_the_values_of_a_document) {
  for (const char* text : {R"({"card":4242424242424242x})", R"({"key":"sk_live_1" "2"})", R"({"key":"sk_live_\q"})"}) {
    const Error error = refused(text);
    EXPECT_THAT(error.message, Not(HasSubstr("4242")));
    EXPECT_THAT(error.message, Not(HasSubstr("sk_live")));
  }
}

TEST(Parse, stops_at_the_limit_of_depth) {
  const auto nested = [](std::size_t depth) { return repeated("[", depth) + repeated("]", depth); };
  EXPECT_TRUE(parse(nested(64)).ok());
  const Error error = refused(nested(65));
  EXPECT_THAT(error.message, HasSubstr("nested deeper than 64"));
  EXPECT_EQ(error.field, "$" + repeated("[0]", 64));
  EXPECT_TRUE(parse(repeated("{\"a\":", 64) + "1" + repeated("}", 64)).ok());
  EXPECT_THAT(refused(repeated("{\"a\":", 65) + "1" + repeated("}", 65)).message, HasSubstr("deeper"));
  EXPECT_TRUE(parse("[1,[2]]", {.max_depth = 2}).ok());
  refused("[1,[2,[]]]", {.max_depth = 2});
  EXPECT_TRUE(parse("[[],[],[],{}]", {.max_depth = 2}).ok()) << "depth must fall again after each value";
}

TEST(Parse, survives_the_deepest_nesting_whatever_the_limit) {
  const ParseLimits none = {.max_depth = static_cast<std::size_t>(-1)};
  EXPECT_TRUE(parse(repeated("[", 1000) + repeated("]", 1000), none).ok());
  refused(repeated("[", 1001) + repeated("]", 1001), none);
  refused(repeated("[", 100'000), none);
  refused(repeated("[", 1'000'000) + repeated("]", 1'000'000), none);
  refused(repeated("{\"a\":", 100'000), none);
}

TEST(Parse, stops_at_the_limit_of_bytes) {
  const std::string fits = "\"" + std::string((4u << 20) - 2, 'a') + "\"";
  EXPECT_EQ(parsed(fits).string()->size(), fits.size() - 2);
  EXPECT_THAT(refused(fits + " ").message, HasSubstr("larger than 4194304 bytes"));
  EXPECT_TRUE(parse("[1]", {.max_bytes = 3}).ok());
  refused("[12]", {.max_bytes = 3});
}

TEST(Parse, stops_at_the_limit_of_values) {
  EXPECT_TRUE(parse("[" + repeated("1,", 199'998) + "1]").ok());
  EXPECT_THAT(refused("[" + repeated("1,", 199'999) + "1]").message, HasSubstr("more than 200000 values"));
  EXPECT_TRUE(parse(R"({"a":[1,null]})", {.max_values = 4}).ok());
  refused(R"({"a":[1,null]})", {.max_values = 3});
}

TEST(Parse, stops_at_the_limit_of_members_in_one_object) {
  std::string members;
  for (int i = 0; i < 2000; ++i) members += "\"k" + std::to_string(i) + "\":0,";
  members.pop_back();
  EXPECT_EQ(parsed("{" + members + "}").object()->size(), 2000u);
  EXPECT_TRUE(parse("[{" + members + "},{" + members + "}]").ok()) << "the limit is of each object";
  const Error error = refused("{\"a\":{" + members + ",\"more\":0}}");
  EXPECT_EQ(error.field, "$.a");
  EXPECT_THAT(error.message, HasSubstr("more than 2000 members"));
  refused(R"({"a":1,"b":2})", {.max_members = 1});
}

TEST(Parse, stops_at_the_limit_of_a_numbers_length) {
  EXPECT_EQ(parsed(std::string(400, '1')), Value(Number{std::string(400, '1')}));
  EXPECT_THAT(refused(std::string(401, '1')).message, HasSubstr("more than 400 characters"));
  refused("[1234]", {.max_number_length = 3});
}

TEST(Parse, works_again_after_a_failure_and_on_many_threads) {
  const auto work = [] {
    for (int i = 0; i < 200; ++i) {
      EXPECT_FALSE(parse("{\"a\":[1,{\"b\":}]}").ok());
      EXPECT_FALSE(parse("[\"\\ud800\"").ok());
      EXPECT_EQ(write(parsed("{\"a\":[1,{\"b\":\"\\u20ac\"}]}")), "{\"a\":[1,{\"b\":\"\xE2\x82\xAC\"}]}");
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
}

TEST(Parse, reads_text_that_is_not_followed_by_anything) {
  for (std::size_t size = 0; size < 200; ++size) {
    const std::string text = "[\"" + std::string(size, 'x') + "\",1]";
    const std::vector<char> exact(text.begin(), text.end());  // a sanitizer sees any read past the end
    EXPECT_TRUE(parse({exact.data(), exact.size()}).ok());
    EXPECT_FALSE(parse({exact.data(), exact.size() - 1}).ok());
  }
}

}  // namespace
}  // namespace till::json
