// What a reply's error becomes: rules on ranges, and the fields that a reply blames.
#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

class ErrorRulesTest : public AcmeTest {
 protected:
  Error error_of(std::string_view body, int status = 200) {
    auto result = run("check", "{}", status, body);
    EXPECT_FALSE(result.ok()) << body;
    return result.ok() ? Error{} : result.error();
  }
};

TEST_F(ErrorRulesTest, a_range_takes_integers_from_one_end_to_the_other) {
  open_variant(
      replaced(kAcmeManifest, R"({"truthy": ["/error"])",
               R"({"range": {"/status": [400, 499], "/deep/0": [-1, 1]}, "kind": "Conflict"}, {"truthy": ["/error"])"));
  for (const char* body : {R"({"status":400,"deep":[-1]})", R"({"status":499,"deep":[1]})"})
    EXPECT_EQ(error_of(body).kind, ErrorKind::kConflict) << body;
  for (const char* body : {R"({"status":399,"deep":[0]})", R"({"status":500,"deep":[0]})",
                           R"({"status":"400","deep":[0]})", R"({"status":400.5,"deep":[0]})", R"({"deep":[0]})",
                           R"({"status":450,"deep":[2]})", R"({"status":null,"deep":[0]})", "no json"})
    EXPECT_TRUE(run("check", "{}", 200, body).ok()) << body;
}

TEST_F(ErrorRulesTest, blamed_fields_are_named_and_join_the_message) {
  open_variant(
      replaced(kAcmeManifest, R"("field": ["/field"])", R"("field": ["/field"], "fields": ["/none", "/validator"])"));
  const Error said =
      error_of(R"({"error":"Wrong input","validator":{"amount":"too small","currency":["unknown","not EUR"]}})", 422);
  EXPECT_EQ(said.field, "$.amount");
  EXPECT_EQ(said.message, "Acme Pay says: Wrong input (amount: too small; currency: unknown, not EUR)");
  const Error silent = error_of(R"({"validator":{"odd key":"bad"}})", 422);
  EXPECT_EQ(silent.field, R"($."odd key")");
  EXPECT_EQ(silent.message, "Acme Pay says: odd key: bad");
}

TEST_F(ErrorRulesTest, a_field_that_is_named_outright_counts_more) {
  open_variant(replaced(kAcmeManifest, R"("field": ["/field"])", R"("field": ["/field"], "fields": ["/validator"])"));
  EXPECT_EQ(error_of(R"({"field":"iban","validator":{"amount":"too small"}})", 422).field, "iban");
}

TEST_F(ErrorRulesTest, nothing_is_blamed_where_no_object_with_members_stands) {
  open_variant(replaced(kAcmeManifest, R"("field": ["/field"])", R"("field": ["/field"], "fields": ["/validator"])"));
  for (const char* body : {R"({"validator":{}})", R"({"validator":["amount"]})", R"({"validator":"amount"})", "{}"}) {
    EXPECT_EQ(error_of(body, 422).field, "") << body;
    EXPECT_EQ(error_of(body, 422).message, "Acme Pay answered with HTTP status 422") << body;
  }
}

TEST_F(ErrorRulesTest, of_endless_fields_the_first_twenty_are_told) {
  open_variant(replaced(kAcmeManifest, R"("field": ["/field"])", R"("field": ["/field"], "fields": ["/validator"])"));
  json::Object fields;
  for (int i = 1; i <= 30; ++i) fields.set("f" + std::to_string(i), "x");
  const Error error = error_of(json::write(json::Object{{"validator", fields}}), 422);
  EXPECT_THAT(error.message, testing::EndsWith("; f20: x"));
}

TEST_F(ErrorRulesTest, a_secret_in_a_blamed_field_is_hidden) {
  open_variant(replaced(kAcmeManifest, R"("field": ["/field"])", R"("field": ["/field"], "fields": ["/validator"])"));
  const Error error = error_of(R"({"validator":{"sk_live_SECRET123":"sk_live_SECRET123 is wrong"}})", 422);
  EXPECT_EQ(error.message, "Acme Pay says: [secret]: [secret] is wrong");
  EXPECT_EQ(error.field, R"($."[secret]")");
}

class WrongPlaceTest : public ErrorRulesTest {};

TEST_F(WrongPlaceTest, a_404_and_an_answer_that_is_no_json_name_the_address_without_its_query) {
  EXPECT_EQ(error_of("{}", 404).message,
            "Acme Pay answered with HTTP status 404 (asked: https://api.acme.example/v1/me)");
  EXPECT_EQ(error_of("<html>", 404).message,
            "Acme Pay answered with HTTP status 404 (no JSON came from https://api.acme.example/v1/me)");
  EXPECT_EQ(error_of("{}", 403).message, "Acme Pay answered with HTTP status 403");
  const auto listed = run("payments.list", R"({"limit":7})", 200, "<html>");
  ASSERT_FALSE(listed.ok());
  EXPECT_THAT(listed.error().message, testing::EndsWith(" (no JSON came from https://api.acme.example/v1/payments)"));
}

TEST_F(WrongPlaceTest, what_begins_like_json_says_where_it_cannot_be_read) {
  const std::string begin = "Acme Pay answered with HTTP status 502 (the answer of https://api.acme.example/v1/me ";
  EXPECT_EQ(error_of(R"({"data":{"id":1,"id":2}})", 502).message,
            begin + "cannot be read: $.data.id: stands twice in its object.)");
  EXPECT_THAT(error_of("[\"\xFF\"]", 502).message, testing::HasSubstr("not valid UTF-8"));
  const std::string message = error_of(R"({"sk_live_SECRET123":[1e]})", 502).message;
  EXPECT_THAT(message, testing::HasSubstr("cannot be read"));
  EXPECT_THAT(message, testing::Not(testing::HasSubstr("SECRET123")));
  EXPECT_LT(error_of("{\"" + std::string(100'000, 'k') + "\":[x]}", 502).message.size(), 500u);
}

TEST_F(WrongPlaceTest, a_write_whose_answer_is_no_json_is_unknown_and_names_the_address) {
  const auto paid = run("payments.create", kPay, 200, "<html>");
  ASSERT_FALSE(paid.ok());
  EXPECT_EQ(paid.error().kind, ErrorKind::kOutcomeUnknown);
  EXPECT_THAT(paid.error().message, testing::EndsWith(" (no JSON came from https://api.acme.example/v1/payments)"));
}

TEST_F(WrongPlaceTest, what_is_secret_in_the_path_is_not_named) {
  const std::string script = replaced(kAcmeScript, R"(http.get("/things/{id}", {path = {id = params.id}}).json)",
                                      R"(http.get("/things/{id}", {path = {id = http.get("/me").json.session}}).json)");
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123","token":"tok_SECRET456"})", script);
  const auto token = run("tokens.create", R"({"facade":"merchant"})", 404, "{}");
  ASSERT_FALSE(token.ok());
  EXPECT_THAT(token.error().message, testing::EndsWith("(asked: https://api.acme.example/v1/tokens/{secret.token})"));
  const auto exchange = begin("native.getThing", R"({"id":"sk_live_SECRET123"})");
  reply(*exchange, 200, R"({"session":"SESSIONSECRET"})");
  EXPECT_THAT(exchange->request()->url, testing::EndsWith("/things/SESSIONSECRET"));
  reply(*exchange, 404, "{}");
  EXPECT_THAT(exchange->result().error().message,
              testing::EndsWith("(asked: https://api.acme.example/v1/things/[secret])"));
  open_variant(kAcmeManifest);
  const auto plain = run("native.getThing", R"({"id":"sk_live_SECRET123"})", 404, "{}");
  ASSERT_FALSE(plain.ok());
  EXPECT_THAT(plain.error().message, testing::EndsWith("(asked: https://api.acme.example/v1/things/[secret])"));
}

TEST_F(WrongPlaceTest, an_earlier_answer_is_not_blamed) {
  const auto exchange = begin("native.setTwo", "{}");
  reply(*exchange, 200, "no json");
  reply(*exchange, 500, "{}");
  EXPECT_THAT(exchange->result().error().message, testing::EndsWith("Acme Pay answered with HTTP status 500"));
}

}  // namespace
}  // namespace till
