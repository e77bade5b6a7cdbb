// find_fault(): it agrees with parse() about what is JSON.
#include "core/json/fault.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/json/json.h"

namespace till::json {
namespace {

TEST(Fault, is_in_no_text_that_is_read) {
  for (const char* text : {"null", " true\n", "-0", "1e400", "\"\\ud83d\\ude00 \\/\"", "[]", "{}",
                           "[1, {\"\": [false]}]", "\"\x7F\xE2\x80\xA8\xEF\xBB\xBF\"", "{\"a\":1,\"b\":[\"//\"]}"}) {
    EXPECT_TRUE(parse(text).ok()) << text;
    EXPECT_FALSE(find_fault(text)) << text;
  }
}

TEST(Fault, is_in_every_text_that_is_no_JSON) {
  // Each byte of a good text in turn is taken out, or becomes another.
  const std::string good = "{\"a\": [1, -2.5e3, true], \"\xC3\xA9\\u0041\": null}";
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string text = good;
    text.erase(at, 1);
    EXPECT_EQ(parse(text).ok(), !find_fault(text)) << text;
    for (const char c : std::string_view("\"{}[],:\\0e. x\n\x01\x80\xFF")) {
      text = good;
      text[at] = c;
      EXPECT_EQ(parse(text).ok(), !find_fault(text)) << text;
    }
  }
}

TEST(Fault, leaves_to_the_reader_what_is_no_question_of_grammar) {
  for (const char* text : {"{\"a\":1,\"a\":2}", "\"\\ud800\""}) {
    EXPECT_FALSE(parse(text).ok()) << text;
    EXPECT_FALSE(find_fault(text)) << text;
  }
  EXPECT_FALSE(find_fault(std::string(2000, '[')));
}

}  // namespace
}  // namespace till::json
