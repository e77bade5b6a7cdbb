// Schemas: which are understood, what they accept, and what they say about the rest.
#include "core/plugin/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

json::Value parsed(std::string_view text) {
  auto value = json::parse(text);
  EXPECT_TRUE(value.ok()) << text;
  return value.ok() ? *std::move(value) : json::Value();
}

// Expects the schema to be refused at `field`.
void expect_bad_schema(std::string_view schema, std::string_view field, std::string_view message) {
  auto checked = check_schema(parsed(schema), "$");
  ASSERT_FALSE(checked.ok()) << schema;
  EXPECT_EQ(checked.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(checked.error().code, "manifest");
  EXPECT_EQ(checked.error().field, field) << schema;
  EXPECT_THAT(checked.error().message, HasSubstr(message)) << schema;
}

// The validated instance as text; the schema itself must be good.
std::string accepted(std::string_view schema, std::string_view instance) {
  auto checked = check_schema(parsed(schema), "$");
  EXPECT_TRUE(checked.ok()) << checked.error().message;
  auto result = validate(parsed(schema), parsed(instance), "$");
  EXPECT_TRUE(result.ok()) << instance << " -> " << result.error().message;
  return result.ok() ? json::write(*result) : "";
}

Error refused(std::string_view schema, std::string_view instance) {
  auto checked = check_schema(parsed(schema), "$");
  EXPECT_TRUE(checked.ok()) << checked.error().message;
  auto result = validate(parsed(schema), parsed(instance), "$");
  EXPECT_FALSE(result.ok()) << schema << " " << instance;
  if (result.ok()) return {};
  EXPECT_EQ(result.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(result.error().code, "invalid_request");
  return result.error();
}

TEST(CheckSchema, accepts_every_keyword_of_the_subset) {
  const char* schema = R"({"type":"object","title":"T","description":"D","properties":{
      "key":{"type":"string","secret":true,"minLength":1,"maxLength":9,"format":"hex","examples":["abcd"]},
      "size":{"type":["integer","null"],"minimum":-1,"maximum":5,"default":0,"enum":[0,1,null]},
      "list":{"type":"array","items":{"type":"number"}},"free":{"type":"object"},"yes":{"type":"boolean"}},
      "required":["key"],"additionalProperties":false,"default":{"key":"ab"},"examples":[{"key":"ab"}]})";
  auto checked = check_schema(parsed(schema), "$");
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

TEST(CheckSchema, names_an_unknown_keyword_and_the_one_that_was_meant) {
  expect_bad_schema(R"({"type":"string","minLenght":1})", "$.minLenght", "did you mean `minLength`?");
  expect_bad_schema(R"({"type":"string","pattern":"^a"})", "$.pattern", "unknown keyword");
  expect_bad_schema(R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"string","x":1}}}})",
                    "$.properties.a.items.x", "unknown keyword");
}

TEST(CheckSchema, refuses_what_is_no_schema) {
  expect_bad_schema("true", "$", "must be a schema");
  expect_bad_schema(R"({"title":"x"})", "$", "no `type`");
  expect_bad_schema(R"({"type":"text"})", "$.type", "`string`");
  expect_bad_schema(R"({"type":[]})", "$.type", "at least one");
  expect_bad_schema(R"({"type":["string","float"]})", "$.type[1]", "must be one of");
  expect_bad_schema(R"({"type":["string","string"]})", "$.type[0]", "stands twice");
  expect_bad_schema(R"({"type":"string","title":""})", "$.title", "not empty");
  expect_bad_schema(R"({"type":"string","description":7})", "$.description", "must be text");
  expect_bad_schema(R"({"type":"string","format":"date"})", "$.format", "`hostname`");
}

TEST(CheckSchema, refuses_keywords_that_would_have_no_effect) {
  for (const auto& [keyword, value] :
       {std::pair{"minLength", "1"}, {"maxLength", "1"}, {"format", "\"uri\""}, {"secret", "true"}})
    expect_bad_schema(R"({"type":"integer",")" + std::string(keyword) + "\":" + value + "}",
                      "$." + std::string(keyword), "no effect");
  for (const auto& [keyword, value] : {std::pair{"minimum", "1"},
                                       {"maximum", "1"},
                                       {"properties", "{}"},
                                       {"required", "[]"},
                                       {"additionalProperties", "false"},
                                       {"items", "{\"type\":\"null\"}"}})
    expect_bad_schema(R"({"type":"string",")" + std::string(keyword) + "\":" + value + "}", "$." + std::string(keyword),
                      "no effect");
}

TEST(CheckSchema, refuses_bounds_that_make_no_sense) {
  expect_bad_schema(R"({"type":"string","minLength":"1"})", "$.minLength", "must be an integer");
  expect_bad_schema(R"({"type":"string","minLength":-1})", "$.minLength", "negative");
  expect_bad_schema(R"({"type":"string","maxLength":-1})", "$.maxLength", "negative");
  expect_bad_schema(R"({"type":"string","minLength":3,"maxLength":2})", "$.minLength", "above");
  expect_bad_schema(R"({"type":"integer","minimum":1.5})", "$.minimum", "must be an integer");
  expect_bad_schema(R"({"type":"integer","minimum":3,"maximum":2})", "$.minimum", "above");
  expect_bad_schema(R"({"type":["integer","number"],"minimum":3})", "$", "belong to integers");
}

TEST(CheckSchema, refuses_broken_structure) {
  expect_bad_schema(R"({"type":"object","properties":[]})", "$.properties", "object of schemas");
  expect_bad_schema(R"({"type":"object","required":"a"})", "$.required", "list of");
  expect_bad_schema(R"({"type":"object","properties":{"a":{"type":"null"}},"required":["a","b"]})", "$.required[1]",
                    "name of one");
  expect_bad_schema(R"({"type":"object","properties":{"a":{"type":"null"}},"required":["a","a"]})", "$.required[0]",
                    "twice");
  expect_bad_schema(R"({"type":"object","additionalProperties":true})", "$.additionalProperties", "only be false");
  expect_bad_schema(R"({"type":"array","items":[]})", "$.items", "must be a schema");
}

TEST(CheckSchema, refuses_values_that_do_not_fit_their_own_schema) {
  expect_bad_schema(R"({"type":"string","enum":[]})", "$.enum", "not empty");
  expect_bad_schema(R"({"type":"string","enum":"a"})", "$.enum", "list");
  expect_bad_schema(R"({"type":"string","enum":["a",1]})", "$.enum[1]", "does not fit");
  expect_bad_schema(R"({"type":"string","enum":["a","a"]})", "$.enum[0]", "twice");
  expect_bad_schema(R"({"type":"integer","default":"a"})", "$.default", "does not fit");
  expect_bad_schema(R"({"type":"string","enum":["a"],"default":"b"})", "$.default", "does not fit");
  expect_bad_schema(R"({"type":"string","maxLength":2,"examples":["abc"]})", "$.examples[0]", "does not fit");
  expect_bad_schema(R"({"type":"object","properties":{"a":{"type":"integer"}},"default":{"a":"x"}})", "$.default.a",
                    "does not fit");
  std::string many = R"({"type":"integer","enum":[0)";
  for (int i = 1; i <= 1000; ++i) many += "," + std::to_string(i);
  expect_bad_schema(many + "]}", "$.enum", "more than 1000");
}

TEST(CheckSchema, refuses_secrets_that_could_be_seen) {
  expect_bad_schema(R"({"type":"string","secret":"yes"})", "$.secret", "true or false");
  expect_bad_schema(R"({"type":["string","null"],"secret":true})", "$.type", "secret");
  expect_bad_schema(R"({"type":"string","secret":true,"default":"x"})", "$.default", "secret");
  expect_bad_schema(R"({"type":"string","secret":true,"enum":["x"]})", "$.enum", "secret");
}

TEST(Validate, checks_types) {
  EXPECT_EQ(refused(R"({"type":"string"})", "1").message, "$: must be a string, not a number.");
  EXPECT_EQ(refused(R"({"type":["object","null"]})", "[]").message, "$: must be an object or null, not an array.");
  EXPECT_EQ(refused(R"({"type":"boolean"})", "null").message, "$: must be a boolean, not null.");
  accepted(R"({"type":["string","integer"]})", "1");
  accepted(R"({"type":["string","integer"]})", "\"1\"");
  accepted(R"({"type":"number"})", "1e400");
  accepted(R"({"type":"null"})", "null");
}

TEST(Validate, takes_integers_only_as_whole_numbers_that_fit) {
  accepted(R"({"type":"integer"})", "-9223372036854775808");
  EXPECT_THAT(refused(R"({"type":"integer"})", "1.0").message, HasSubstr("whole number"));
  EXPECT_THAT(refused(R"({"type":"integer"})", "1e2").message, HasSubstr("whole number"));
  EXPECT_THAT(refused(R"({"type":"integer"})", "9223372036854775808").message, HasSubstr("64 bits"));
  accepted(R"({"type":["integer","number"]})", "9223372036854775808");
}

TEST(Validate, checks_bounds_of_integers) {
  const char* schema = R"({"type":"integer","minimum":1,"maximum":10})";
  accepted(schema, "1");
  accepted(schema, "10");
  EXPECT_THAT(refused(schema, "0").message, HasSubstr("at least 1"));
  EXPECT_THAT(refused(schema, "11").message, HasSubstr("at most 10"));
}

TEST(Validate, counts_characters_and_not_bytes) {
  const char* schema = R"({"type":"string","minLength":2,"maxLength":3})";
  accepted(schema, "\"é€\"");
  accepted(schema, "\"😀😀😀\"");
  EXPECT_THAT(refused(schema, "\"€\"").message, HasSubstr("at least 2 characters"));
  EXPECT_THAT(refused(schema, "\"abcd\"").message, HasSubstr("at most 3 characters"));
  EXPECT_THAT(refused(R"({"type":"string","minLength":1})", "\"\"").message, HasSubstr("at least 1 character."));
}

TEST(Validate, names_what_an_enum_allows) {
  const char* schema = R"({"type":["string","integer"],"enum":["high","medium",3]})";
  accepted(schema, "\"high\"");
  accepted(schema, "3");
  EXPECT_EQ(refused(schema, "\"x\"").message, R"($: expected one of "high", "medium", 3.)");
  EXPECT_EQ(refused(schema, "\"meduim\"").message, R"($: expected one of "high", "medium", 3; did you mean "medium"?)");
}

TEST(Validate, checks_formats) {
  const auto check = [](const std::string& format, std::initializer_list<const char*> good,
                        std::initializer_list<const char*> bad) {
    const std::string schema = R"({"type":"string","format":")" + format + "\"}";
    for (const char* text : good) accepted(schema, json::write(text));
    for (const char* text : bad) EXPECT_THAT(refused(schema, json::write(text)).message, HasSubstr("must be")) << text;
  };
  check("uri",
        {"https://shop.example/a?b=c#d", "http://shop.example:8080", "http://127.0.0.1:8000/thanks",
         "http://[::1]:8000/", "bitcoin:1abc?amount=1", "mailto:a@b.example"},
        {"", "shop.example", "//shop.example", "https://", "https:shop.example", "https://a b", "1a:b",
         "https://shop.example:99999/", "http://127.0.0.256/", "http://127.0.0.1:0/", "http://[::1/", "http://1.2.3/",
         "https://é.example", "https://u:p@shop.example", "https://shop.example/<x>", "x:", ":x"});
  check("hex", {"00", "aBcDeF01"}, {"", "0", "0x00", "gg", "00 "});
  check("decimal", {"0", "-12.50", "007"}, {"", "-", ".5", "5.", "1e3", "+1", "1,5", "1.2.3", " 1"});
  check("email", {"a@b.example", "a.b+c@sub.b.example"},
        {"", "a", "@b.example", "a@", "a b@c.example", "a@b@c.example", "a@-b.example", "a@b..example"});
  check("hostname", {"a.example", "localhost", "a-b.c1.example", "A.example"},
        {"", ".", "a.", "-a.example", "a-.example", "a_b.example", "a.example:80", "https://a.example", "*.example",
         "127.0.0.1", "a/b", "é.example"});
  EXPECT_FALSE(
      validate(parsed(R"({"type":"string","format":"hostname"})"), std::string(64, 'a') + ".example", "$").ok());
}

TEST(Validate, fills_defaults_in) {
  const char* schema =
      R"({"type":"object","properties":{"a":{"type":"integer","default":1},"b":{"type":"string","default":"x"},
      "c":{"type":"object","properties":{"d":{"type":"boolean","default":true}}}},"required":["a"],"additionalProperties":false})";
  EXPECT_EQ(accepted(schema, R"({"c":{},"b":"y"})"), R"({"c":{"d":true},"b":"y","a":1})");
  EXPECT_EQ(accepted(schema, "{}"), R"({"a":1,"b":"x"})");
}

TEST(Validate, says_which_member_is_missing) {
  const Error error = refused(R"({"type":"object","properties":{"a":{"type":"object","properties":{
      "key":{"type":"string","title":"API key"}},"required":["key"]}}})",
                              R"({"a":{}})");
  EXPECT_EQ(error.field, "$.a.key");
  EXPECT_EQ(error.message, "$.a.key: is required: API key.");
}

TEST(Validate, refuses_unknown_members_and_suggests_the_near_one) {
  const char* schema =
      R"({"type":"object","properties":{"food":{"type":"string"},"drink":{"type":"string"}},"additionalProperties":false})";
  EXPECT_EQ(refused(schema, R"({"foo":"x"})").message, "$.foo: unknown member; did you mean `food`?");
  EXPECT_EQ(refused(schema, R"({"zzz":"x"})").message, "$.zzz: unknown member; allowed: `food` or `drink`.");
  EXPECT_THAT(refused(R"({"type":"object","additionalProperties":false})", R"({"a":1})").message,
              HasSubstr("none is allowed"));
  EXPECT_EQ(accepted(R"({"type":"object"})", R"({"any":[1]})"), R"({"any":[1]})");
}

TEST(Validate, checks_each_element_of_an_array) {
  const char* schema = R"({"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}})";
  EXPECT_EQ(accepted(schema, R"([{"n":1},{}])"), R"([{"n":1},{}])");
  EXPECT_EQ(refused(schema, R"([{"n":1},{"n":"x"}])").field, "$[1].n");
  EXPECT_EQ(accepted(R"({"type":"array"})", R"([1,"a"])"), R"([1,"a"])");
}

TEST(Validate, never_shows_a_value) {
  const char* value = R"("sk_live_4242")";
  for (const char* schema :
       {R"({"type":"integer"})", R"({"type":"string","maxLength":3,"secret":true})",
        R"({"type":"string","format":"uri","secret":true})", R"({"type":"string","format":"hex","secret":true})",
        R"({"type":"string","enum":["a"]})", R"({"type":"string","minLength":99,"secret":true})",
        R"({"type":"string","format":"email"})"})
    EXPECT_THAT(refused(schema, value).message, Not(HasSubstr("4242"))) << schema;
}

TEST(Schema, finds_secrets) {
  const auto schema =
      parsed(R"({"type":"object","properties":{"b":{"type":"string","secret":true},"a":{"type":"string"},
      "c":{"type":"string","secret":false},"d":{"type":"string","secret":true}}})");
  EXPECT_THAT(secret_names(schema), ElementsAre("b", "d"));
  EXPECT_THAT(secret_names(parsed(R"({"type":"object"})")), ElementsAre());
  EXPECT_TRUE(has_secrets(schema));
  EXPECT_TRUE(has_secrets(parsed(R"({"type":"array","items":{"type":"string","secret":true}})")));
  EXPECT_FALSE(has_secrets(parsed(R"({"type":"object","properties":{"a":{"type":"string","secret":false}}})")));
}

}  // namespace
}  // namespace till::plugin
