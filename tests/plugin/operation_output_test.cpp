// What a provider's function may return: every slip has its place, and what Lua leaves open is settled.
#include "core/plugin/operation_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till::plugin {
namespace {

using testing::HasSubstr;

struct Slip {
  const char* operation;
  const char* output;
  const char* field;
  const char* hint;
};

class SlipTest : public testing::TestWithParam<Slip> {};

TEST_P(SlipTest, is_refused_with_its_place) {
  json::Value output = json::parse(GetParam().output).value();
  const Status status = check_operation_output(GetParam().operation, output);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(status.error().code, "script_output");
  EXPECT_EQ(status.error().field, GetParam().field);
  EXPECT_THAT(status.error().message, HasSubstr(std::string("provider.") + GetParam().operation + " returned: $"));
  EXPECT_THAT(status.error().message, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    outputs, SlipTest,
    testing::Values(
        Slip{"payments.create", R"({"id":"p1","status":"pending","checkout_ulr":"https://a.example"})",
             "$.checkout_ulr", "did you mean `checkout_url`?"},
        Slip{"payments.create", R"({"id":"p1"})", "$.status", "is required"},
        Slip{"payments.get", R"({"id":"p1","status":"payed"})", "$.status", "\"paid\""},
        Slip{"payments.get", R"({"id":17,"status":"paid"})", "$.id", "must be a string or null"},
        Slip{"payments.get", R"({"status":"paid","amount":"1.00"})", "$.amount", "must be an object or null"},
        Slip{"payments.get", R"({"status":"paid","amount":{"amount":"1.00"}})", "$.amount.currency", "is required"},
        Slip{"payments.get", R"({"status":"paid","amount":{"amount":1,"currency":"EUR"}})", "$.amount.amount",
             "string"},
        Slip{"payments.get", R"({"status":"paid","created_at":"2026-01-01"})", "$.created_at", "integer or null"},
        Slip{"payments.get", R"({"status":"pending","pay_to":{"adress":"x"}})", "$.pay_to.adress", "`address`"},
        Slip{"payments.get", R"({"status":"requires_action","next_action":{"call":"x"}})", "$.next_action.type",
             "required"},
        Slip{"payments.get", R"({"status":"failed","decline":{"reason":"x"}})", "$.decline.reason",
             "`code` or `message`"},
        Slip{"payments.get", R"("p1")", "$", "must be an object, not a string"},
        Slip{"payments.list", R"({"status":"paid"})", "$.status", "allowed: `items`"},
        Slip{"payments.list", R"({"items":[{"id":"p1"},{"id":"p2","tset":true}]})", "$.items[1].tset", "`test`"},
        Slip{"payments.list", R"({"items":[{"status":"paid"}]})", "$.items[0].id", "is required"},
        Slip{"payments.list", R"({"items":{"a":1}})", "$.items", "must be an array"},
        Slip{"refunds.create", R"({"id":"r1","status":"done"})", "$.status", "\"succeeded\""},
        Slip{"refunds.get", R"({"status":"pending"})", "$.id", "is required"},
        Slip{"refunds.get", R"({"id":"r1","status":"pending","reason":"x"})", "$.reason", "unknown member"},
        Slip{"refunds.list", R"({"items":[{"id":"r1"}]})", "$.items[0].status", "is required"},
        Slip{"rates.get", R"({"from":"BTC","to":"USD","rate":"4e2"})", "$.rate", "decimal text"},
        Slip{"rates.list", R"({"items":[{"from":"BTC","to":"USD"}]})", "$.items[0].rate", "is required"},
        Slip{"currencies.list", R"({"items":[{"code":"EUR","decimals":-2}]})", "$.items[0].decimals", "at least 0"},
        Slip{"ledgers.list", R"({"items":[{"currency":"USD","balance":"x"}]})", "$.items[0].balance", "decimal text"},
        Slip{"ledgers.entries", R"({"items":[{"amount":{"amount":"1","currency":"USD","x":1}}]})",
             "$.items[0].amount.x", "unknown member"},
        Slip{"cards.verify", R"({"status":"pending"})", "$.status", "\"requires_action\""},
        Slip{"cards.confirm", R"({"status":"verified","attempts":3})", "$.attempts", "unknown member"},
        Slip{"tokens.create", R"({"tokens":"x"})", "$.tokens", "did you mean `token`?"},
        Slip{"tokens.approve", R"({"token":"x"})", "$.token", "unknown member"},
        Slip{"tokens.approve", R"({"items":[],"next":"2"})", "$.next", "must be null, not a string"},
        Slip{"check", R"({"ok":false})", "$.ok", "expected one of true"},
        Slip{"check", R"({})", "$.ok", "is required"}),
    [](const auto& slip) { return "number_" + std::to_string(slip.index); });

json::Value checked(std::string_view operation, std::string_view text) {
  json::Value output = json::parse(text).value();
  const Status status = check_operation_output(operation, output);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return output;
}

TEST(OperationOutput, may_say_nothing_more_than_it_must) {
  checked("payments.create", R"({"status":"pending"})");
  checked("refunds.create", R"({"id":"r1","status":"pending"})");
  checked("refunds.create", R"({"status":"pending"})");
  checked("tokens.create", "{}");
}

TEST(OperationOutput, may_hold_null_for_what_is_not_known) {
  checked("payments.get", R"({"id":null,"status":"pending","amount":null,"pay_to":null,"test":null,"raw":null})");
}

TEST(OperationOutput, keeps_what_next_action_and_raw_hold) {
  checked("payments.get",
          R"({"status":"requires_action","next_action":{"type":"open","page":"x"},"raw":[1.5,{"a":null}]})");
}

TEST(OperationOutput, takes_an_empty_table_for_a_list_and_an_integer_for_the_next_page) {
  EXPECT_EQ(checked("payments.list", R"({"items":{},"next":2})"), json::parse(R"({"items":[],"next":"2"})").value());
}

TEST(OperationOutput, an_event_that_is_not_declared_is_named_in_plain_text_and_cut) {
  Manifest manifest;
  manifest.webhooks.events["payment.paid"];
  EXPECT_TRUE(check_event(manifest, "payment.paid").ok());
  const Status unknown = check_event(manifest, "payment.pad\n" + std::string(500, 'x'));
  EXPECT_EQ(unknown.error().field, "$.event");
  EXPECT_THAT(unknown.error().message, HasSubstr("$.event: `payment.pad " + std::string(48, 'x') + "` is not among"));
  EXPECT_THAT(check_event(manifest, "payment.pad").error().message, HasSubstr("did you mean `payment.paid`?"));
}

TEST(OperationOutput, of_native_calls_is_the_providers_own) {
  checked("native.getRates", R"({"checkout_ulr":1.5})");
  checked("native.getRates", "null");
}

}  // namespace
}  // namespace till::plugin
