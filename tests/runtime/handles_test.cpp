// Handles: they stand for a secret in one operation, in the places its kind may go to, and nowhere else.
#include "core/runtime/handles.h"

#include <gtest/gtest.h>

#include "core/json/json.h"

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

TEST(HandlesTest, a_secret_that_comes_again_keeps_its_handle) {
  Handles handles;
  const json::Value reply = json::Object{{"token", "one-and-the-same"}};
  EXPECT_EQ(handles.hide(reply, {"token"}), handles.hide(reply, {"token"}));
}

TEST(HandlesTest, beyond_their_number_secrets_are_hidden_for_good) {
  Handles handles;
  json::Array items;
  for (std::size_t i = 0; i < Handles::kMaxReplySecrets + 1; ++i)
    items.push_back(json::Object{{"token", "secret-" + std::to_string(i)}});
  const json::Value hidden = handles.hide(std::move(items), {"token"});
  EXPECT_EQ(hidden.array()->back().find_string("token"), "[secret]");
  EXPECT_EQ(handles.shown(hidden.array()->front(), true).find_string("token"), "secret-0");
}

TEST(HandlesTest, card_numbers_that_a_reply_repeats_are_hidden_in_texts_and_numbers) {
  Handles handles;
  (void)handles.add(Handles::Kind::kCardData, "4541250000000001");
  const json::Value reply =
      json::parse(R"({"a":4541250000000001,"b":"no 4541250000000001","c":[4541250000000001]})").value();
  EXPECT_EQ(json::write(handles.hide(reply, {})), R"({"a":"[card]","b":"no [card]","c":["[card]"]})");
  EXPECT_EQ(json::write(handles.shown(reply, false)), R"({"a":"[card]","b":"no [card]","c":["[card]"]})");
}

TEST(HandlesTest, of_two_keys_that_look_the_same_when_hidden_the_last_counts) {
  Handles handles;
  (void)handles.add(Handles::Kind::kCardData, "4541250000000001");
  (void)handles.add(Handles::Kind::kCardData, "5555555555554444");
  const json::Value value = json::parse(R"({"4541250000000001":1,"other":2,"5555555555554444":3})").value();
  EXPECT_EQ(json::write(handles.shown(value, false)), R"({"[card]":3,"other":2})");
}

TEST(HandlesTest, a_secret_that_is_part_of_what_replaces_it_is_replaced_once) {
  std::string text = "bad secret, secret";
  EXPECT_TRUE(redact_secret(text, "secret", "[secret]"));
  EXPECT_EQ(text, "bad [secret], [secret]");
}

TEST(HandlesTest, a_secret_repeated_elsewhere_is_redacted) {
  Handles handles;
  (void)handles.add(Handles::Kind::kCardData, "4541250000000001");
  EXPECT_EQ(handles.redact("card 4541250000000001 declined"), "card [card] declined");
}

}  // namespace
}  // namespace till
