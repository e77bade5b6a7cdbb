// How requests are authenticated: a prefix that a setting chooses, and credentials that wait for the server's
// challenge.
#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

constexpr std::string_view kHeaderAuth = R"("prefix": "Key ")";

class PrefixTest : public AcmeTest {
 protected:
  static std::string manifest() {
    const std::string chosen =
        replaced(kAcmeManifest, kHeaderAuth,
                 R"("prefix": {"setting": "authorization", "values": {"bearer": "Bearer ", "plain": ""}})");
    return replaced(chosen, R"("shop": {)", R"("authorization": {"type": "string", "title": "Authorization",
        "description": "How the key is sent.", "enum": ["bearer", "plain"], "default": "plain"}, "shop": {)");
  }
};

TEST_F(PrefixTest, follows_from_the_setting) {
  open_variant(manifest());
  EXPECT_EQ(begin("check", "{}")->request()->headers.find("X-Api-Key"), "sk_live_SECRET123");
  open_variant(manifest(), R"({"api_key":"sk_live_SECRET123","authorization":"bearer"})");
  EXPECT_EQ(begin("check", "{}")->request()->headers.find("X-Api-Key"), "Bearer sk_live_SECRET123");
}

class ChallengeTest : public AcmeTest {
 protected:
  static std::string manifest() {
    const std::string basic = replaced(
        kAcmeManifest, R"("scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key")",
        R"("scheme": "basic", "username": "shop", "password": "api_key", "challenge_setting": "wait_for_challenge")");
    return replaced(basic, R"("shop": {)", R"("wait_for_challenge": {"type": "boolean", "title": "Wait",
        "description": "Send the credentials when asked.", "default": false}, "shop": {)");
  }
  void open_waiting() { open_variant(manifest(), R"({"api_key":"sk_live_SECRET123","wait_for_challenge":true})"); }
  static void challenge(Exchange& exchange) { reply(exchange, 401, "{}", {{"WWW-Authenticate", "Basic realm=\"x\""}}); }
  static constexpr std::string_view kCredentials = "Basic bWFpbjpza19saXZlX1NFQ1JFVDEyMw==";  // main:sk_live_SECRET123
};

TEST_F(ChallengeTest, is_not_waited_for_by_default) {
  open_variant(manifest());
  const auto exchange = begin("check", "{}");
  EXPECT_EQ(exchange->request()->headers.find("Authorization"), kCredentials);
  challenge(*exchange);
  EXPECT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kAuthentication);
}

TEST_F(ChallengeTest, a_user_name_with_a_colon_opens_no_gateway) {
  open_variant(manifest());
  const auto gateway = Gateway::open(runtime_, shop_->provider(), R"({"api_key":"sk_live_SECRET123","shop":"ma:in"})");
  ASSERT_FALSE(gateway.ok());
  EXPECT_EQ(gateway.error().field, "$.shop");
}

TEST_F(ChallengeTest, is_answered_by_the_same_request_with_credentials) {
  open_waiting();
  const auto exchange = begin("payments.create", kPay);
  const http::Request first = *exchange->request();
  EXPECT_EQ(first.headers.find("Authorization"), std::nullopt);
  challenge(*exchange);
  ASSERT_NE(exchange->request(), nullptr);
  const http::Request second = *exchange->request();
  EXPECT_EQ(second.headers.find("Authorization"), kCredentials);
  EXPECT_EQ(second.url, first.url);
  EXPECT_EQ(second.method, first.method);
  EXPECT_EQ(second.body, first.body);
  reply(*exchange, 200, kPending);
  EXPECT_TRUE(exchange->result().ok());
}

TEST_F(ChallengeTest, later_requests_of_the_operation_carry_the_credentials_at_once) {
  open_waiting();
  const auto exchange = begin("native.setTwo", "{}");
  challenge(*exchange);
  reply(*exchange, 200, "{}");
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->request()->method, "GET");
  EXPECT_EQ(exchange->request()->headers.find("Authorization"), kCredentials);
}

TEST_F(ChallengeTest, is_answered_once) {
  open_waiting();
  const auto exchange = begin("payments.create", kPay);
  challenge(*exchange);
  challenge(*exchange);
  EXPECT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kAuthentication);
  EXPECT_TRUE(all_stored(shop_->name()).empty()) << "refused for its credentials: there is no payment";
}

TEST_F(ChallengeTest, of_another_scheme_or_status_is_an_error_like_any_other) {
  open_waiting();
  const auto bearer = begin("check", "{}");
  reply(*bearer, 401, "{}", {{"WWW-Authenticate", "Bearer"}});
  EXPECT_EQ(bearer->result().error().kind, ErrorKind::kAuthentication);
  const auto forbidden = begin("check", "{}");
  reply(*forbidden, 403, "{}", {{"WWW-Authenticate", "Basic"}});
  EXPECT_EQ(forbidden->result().error().kind, ErrorKind::kPermissionDenied);
}

TEST_F(ChallengeTest, gets_no_credentials_for_a_request_that_was_to_have_none) {
  const std::string script = replaced(kAcmeScript, R"(http.get("/me"))", R"(http.get("/me", {auth = false}))");
  open_variant(manifest(), R"({"api_key":"sk_live_SECRET123","wait_for_challenge":true})", script);
  const auto exchange = begin("check", "{}");
  challenge(*exchange);
  EXPECT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kAuthentication);
}

}  // namespace
}  // namespace till
