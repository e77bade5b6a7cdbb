// What an operator asks of a whole store.
#include "core/runtime/upkeep.h"

#include <gmock/gmock.h>

#include "core/base/time.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kDayMs = 86'400'000;

class UpkeepTest : public AcmeTest {
 protected:
  Result<json::Value> ask(std::string_view operation, const json::Value& input = json::Object()) {
    return parsed(runtime_->call_store(operation, json::write(input)));
  }
  std::int64_t number(const json::Value& value, std::string_view key) { return value.find_integer(key).value_or(-1); }

  Webhook webhook(const std::string& id, UnixMillis at) {
    return {.id = id, .gateway = "acme/live", .dedupe_key = id, .event = "paid", .received_at = at, .body = "{}"};
  }
  json::Value older(std::string_view kind, std::int64_t days) {
    return json::Object{{std::string(kind) + "_older_than_ms", json::Value::integer(days * kDayMs)}};
  }
};

TEST_F(UpkeepTest, info_says_where_and_how_much_without_a_password) {
  ASSERT_TRUE(run("payments.create", kPay, 200, kPaid).ok());
  const json::Value info = ask("store.info").value();
  EXPECT_EQ(info.find_string("place"), runtime_->store_place());
  EXPECT_EQ(info.find_string("kind"), schema_ ? "postgresql" : "sqlite");
  EXPECT_GT(number(info, "bytes"), 0);
  EXPECT_EQ(number(info, "payments"), 1);
  EXPECT_EQ(number(info, "writes"), 1);
  EXPECT_EQ(number(*info.find("open")->array()->begin(), "events_waiting"), number(info, "events"));
}

TEST_F(UpkeepTest, a_gateway_is_not_asked_about_the_whole_store) {
  const auto refused = shop_->call("store.info", "{}");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "whole_store");
  EXPECT_EQ(ask("store.burn").error().code, "unknown_operation");
}

TEST_F(UpkeepTest, only_old_writes_that_are_answered_are_pruned_and_their_keys_are_free) {
  ASSERT_TRUE(run("payments.create", kPay, 200, kPaid).ok());
  EXPECT_EQ(number(ask("store.prune", older("writes", 1)).value(), "writes"), 0);
  clock_->advance(2 * kDayMs);
  json::Value dry = older("writes", 1);
  dry.object()->set("dry_run", true);
  EXPECT_EQ(number(ask("store.prune", dry).value(), "writes"), 1);
  const json::Value gone = ask("store.prune", older("writes", 1)).value();
  EXPECT_EQ(number(gone, "writes"), 1);
  EXPECT_EQ(number(gone, "payments"), 0) << "no age, no end";
  EXPECT_EQ(*gone.find("more")->boolean(), true);
  EXPECT_EQ(*ask("store.prune", older("writes", 1))->find("more")->boolean(), false);
  auto again = begin("payments.create", kPay);
  EXPECT_NE(again->request(), nullptr) << "the key is free";
}

TEST_F(UpkeepTest, the_age_of_a_write_counts_from_its_answer) {
  const auto slow = begin("payments.create", kPay);
  clock_->advance(2 * kDayMs);
  reply(*slow, 200, kPaid);
  ASSERT_TRUE(slow->result().ok());
  EXPECT_EQ(number(ask("store.prune", older("writes", 1)).value(), "writes"), 0);
  const json::Value writes = ask("store.export", json::Object{{"kind", "writes"}}).value();
  EXPECT_EQ(writes.find("items")->array()->begin()->find_string("settled_at"), format_iso_time(clock_->now_ms()));
}

TEST_F(UpkeepTest, a_webhook_that_may_come_again_is_kept) {
  ASSERT_TRUE(store()->claim_webhook(webhook("whk_1", kNow - 40 * kDayMs)).value());
  ASSERT_TRUE(store()->claim_webhook(webhook("whk_2", kNow - 20 * kDayMs)).value());
  const auto refused = ask("store.prune", older("webhooks", 29));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "webhooks_too_young");
  EXPECT_EQ(refused.error().field, "$.webhooks_older_than_ms");
  json::Value tried = older("webhooks", 10);
  tried.object()->set("dry_run", true);
  EXPECT_EQ(number(ask("store.prune", tried).value(), "webhooks"), 2) << "what is only counted comes again to nobody";
  EXPECT_EQ(number(ask("store.prune", older("webhooks", 30)).value(), "webhooks"), 1);
  json::Value forced = older("webhooks", 10);
  forced.object()->set("forget_webhooks", true);
  EXPECT_EQ(number(ask("store.prune", forced).value(), "webhooks"), 1);
}

TEST_F(UpkeepTest, an_export_goes_page_by_page_and_shows_no_input_and_no_body) {
  ASSERT_TRUE(run("payments.create", kPay, 200, kPaid).ok());
  for (const char* id : {"whk_1", "whk_2", "whk_3"}) ASSERT_TRUE(store()->claim_webhook(webhook(id, kNow)).value());
  json::Object told{{"kind", "webhooks"}, {"limit", json::Value::integer(2)}};
  const json::Value first = ask("store.export", told).value();
  EXPECT_EQ(first.find("items")->array()->size(), 2u);
  EXPECT_THAT(json::write(first), Not(HasSubstr("body")));
  told.set("cursor", *first.find("next"));
  told.set("bodies", true);
  const json::Value last = ask("store.export", told).value();
  ASSERT_EQ(last.find("items")->array()->size(), 1u);
  EXPECT_EQ(last.find("items")->array()->begin()->find_string("body"), "{}");
  EXPECT_TRUE(last.find("next")->is_null());
  const json::Value writes = ask("store.export", json::Object{{"kind", "writes"}}).value();
  EXPECT_EQ(writes.find("items")->array()->begin()->find_string("idempotency_key"), "order-1234");
  EXPECT_EQ(writes.find("items")->array()->begin()->find("input"), nullptr);
  const json::Value payments = ask("store.export", json::Object{{"kind", "payments"}}).value();
  EXPECT_EQ(payments.find("items")->array()->begin()->find_string("reference"), "1234");
  EXPECT_EQ(payments.find("items")->array()->begin()->find("state"), nullptr)
      << "what is the script's is nobody else's";
}

TEST_F(UpkeepTest, a_body_that_is_no_text_is_exported_all_the_same) {
  Webhook odd = webhook("whk_1", kNow);
  odd.body = "\xff\x00";
  ASSERT_TRUE(store()->claim_webhook(odd).value());
  const json::Value page = ask("store.export", json::Object{{"kind", "webhooks"}, {"bodies", true}}).value();
  EXPECT_EQ(page.find("items")->array()->begin()->find_string("body_base64"), "/w==");
}

TEST_F(UpkeepTest, an_export_names_the_payment_that_cannot_be_read_in_its_place) {
  std::vector<std::string> ids;
  for (const char* key : {"1", "2", "3"}) {
    const std::string input =
        R"({"amount":{"amount":"48.25","currency":"EUR"},"idempotency_key":")" + std::string(key) + "\"}";
    ASSERT_TRUE(run("payments.create", input, 200, replaced(kPending, "p1", "p" + std::string(key))).ok());
    ids.insert(ids.begin(), all_stored().front().id);
  }
  change_tables("UPDATE payments SET record = 'no JSON' WHERE id = '" + ids[1] + "'");
  std::vector<std::string> exported;
  json::Value cursor;
  do {
    const json::Value page =
        ask("store.export", json::Object{{"kind", "payments"}, {"limit", json::Value::integer(1)}, {"cursor", cursor}})
            .value();
    for (const json::Value& one : *page.find("items")->array())
      exported.push_back(std::string(*one.find_string("id")) + (one.find("unreadable") ? " unreadable" : ""));
    cursor = *page.find("next");
  } while (!cursor.is_null());
  EXPECT_THAT(exported, testing::ElementsAre(ids[0], ids[1] + " unreadable", ids[2]));
}

}  // namespace
}  // namespace till
