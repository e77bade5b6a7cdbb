// Forms as they stand in bodies and queries.
#include "core/webhook/form.h"

#include <gmock/gmock.h>

namespace till::webhook {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Form, fields_keep_their_order_and_are_decoded) {
  EXPECT_THAT(*parse_form("b=1&a=%4a+x&&c"), ElementsAre(Pair("b", "1"), Pair("a", "J x"), Pair("c", "")));
  EXPECT_THAT(*parse_form("a=b=c&=x"), ElementsAre(Pair("a", "b=c"), Pair("", "x")));
  EXPECT_TRUE(parse_form("")->empty());
}

TEST(Form, a_broken_escape_is_refused) {
  for (const char* text : {"a=%", "a=%4", "a=%zz", "%=1", "a=1&b=%g0"}) EXPECT_FALSE(parse_form(text)) << text;
}

TEST(Form, has_at_most_2000_fields) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "a&";
  EXPECT_TRUE(parse_form(text));
  EXPECT_FALSE(parse_form(text + "a"));
}

}  // namespace
}  // namespace till::webhook
