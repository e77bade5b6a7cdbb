// Handles: they stand for a secret in one operation, in the places its kind may go to, and nowhere else.
#include "core/runtime/handles.h"

#include <gtest/gtest.h>

namespace till {
namespace {

TEST(HandlesTest, fill_every_handle_in_a_body) {
  Handles handles;
  const std::string number = handles.add(Handles::Kind::kCardData, "4541250000000001");
  const std::string token = handles.add(Handles::Kind::kReplySecret, "tok.en-1");
  EXPECT_EQ(handles.fill("{\"a\":\"" + number + "\",\"b\":\"" + token + "\"}", Handles::Place::kBody).value(),
            R"({"a":"4541250000000001","b":"tok.en-1"})");
}

TEST(HandlesTest, card_data_may_not_stand_in_a_path) {
  Handles handles;
  const std::string number = handles.add(Handles::Kind::kCardData, "4541250000000001");
  const std::string token = handles.add(Handles::Kind::kReplySecret, "token");
  EXPECT_FALSE(handles.fill("/x/" + number, Handles::Place::kPath).ok());
  EXPECT_EQ(handles.fill("/x/" + token, Handles::Place::kPath).value(), "/x/token");
}

TEST(HandlesTest, of_another_operation_mean_nothing) {
  Handles mine;
  Handles other;
  const std::string handle = other.add(Handles::Kind::kReplySecret, "token");
  (void)mine.add(Handles::Kind::kReplySecret, "mine");
  const auto filled = mine.fill(handle, Handles::Place::kBody);
  ASSERT_FALSE(filled.ok());
  EXPECT_EQ(filled.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(filled.error().code, "handle");
}

TEST(HandlesTest, a_secret_that_would_break_out_of_its_place_is_not_filled_in) {
  for (const char* secret : {"a\"b", "a/b", "a b", "a\nb", "a&b", "a%b", ".", ".."}) {
    Handles handles;
    EXPECT_FALSE(handles.fill(handles.add(Handles::Kind::kReplySecret, secret), Handles::Place::kPath).ok()) << secret;
  }
}

TEST(HandlesTest, replies_show_handles_where_their_secrets_were) {
  Handles handles;
  const json::Value reply =
      json::Object{{"token", "secret-one"}, {"data", json::Array{json::Object{{"token", "secret-two"}}}}};
  const json::Value hidden = handles.hide(reply, {"token"});
  EXPECT_NE(*hidden.find_string("token"), "secret-one");
  EXPECT_EQ(handles.shown(hidden, true), reply);
  EXPECT_EQ(handles.shown(hidden, false).find_string("token"), "[secret]");
}

TEST(HandlesTest, a_secret_repeated_elsewhere_is_redacted) {
  Handles handles;
  (void)handles.add(Handles::Kind::kCardData, "4541250000000001");
  EXPECT_EQ(handles.redact("card 4541250000000001 declined"), "card [card] declined");
}

}  // namespace
}  // namespace till
