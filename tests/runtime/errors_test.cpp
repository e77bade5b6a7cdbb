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

}  // namespace
}  // namespace till
