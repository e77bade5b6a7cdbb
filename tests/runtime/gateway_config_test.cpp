// Settings: what is refused, where, and without repeating a secret.
#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

struct BadSettings {
  const char* json;
  const char* field;
};

class BadSettingsTest : public AcmeTest, public testing::WithParamInterface<BadSettings> {};

TEST_P(BadSettingsTest, are_refused_with_their_place_and_never_quoted) {
  const auto gateway = Gateway::open(runtime_, "acme", GetParam().json);
  ASSERT_FALSE(gateway.ok());
  EXPECT_EQ(gateway.error().kind, ErrorKind::kConfiguration) << gateway.error().message;
  EXPECT_EQ(gateway.error().field, GetParam().field) << gateway.error().message;
  EXPECT_THAT(gateway.error().message, Not(HasSubstr("sk_live")));
}

INSTANTIATE_TEST_SUITE_P(
    Settings, BadSettingsTest,
    testing::Values(
        BadSettings{"{}", "$.api_key"}, BadSettings{"[]", "$"}, BadSettings{"{\"api_key\":", "$.api_key"},
        BadSettings{R"({"api_key":7})", "$.api_key"}, BadSettings{R"({"api_key":"sk_live_SECRET123\n"})", "$.api_key"},
        BadSettings{R"({"api_key":"sk_live"})", "$.api_key"},
        BadSettings{R"({"api_key":"sk_test_SECRET123"})", "$.api_key"},
        BadSettings{R"({"api_key":"dev-SECRET123"})", "$.api_key"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","api_kee":"sk_live_SECRET123"})", "$.api_kee"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","mode":"prod"})", "$.mode"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","base_url":"http://api.acme.example"})", "$.base_url"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","base_url":"https://u:p@acme.example"})", "$.base_url"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","base_url":"https://acme.example/?a=b"})", "$.base_url"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","timeout_ms":0})", "$.timeout_ms"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","timeout_ms":"9"})", "$.timeout_ms"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","rate_limit_wait_ms":-1})", "$.rate_limit_wait_ms"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","rate_limit_wait_ms":600001})", "$.rate_limit_wait_ms"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","label":9})", "$.label"},
        // A variable that was not set is no wish for the real thing.
        BadSettings{R"({"api_key":"sk_live_SECRET123","mode":""})", "$.mode"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","base_url":""})", "$.base_url"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","label":""})", "$.label"},
        BadSettings{R"({"api_key":"sk_live_SECRET123","plugin_version":""})", "$.plugin_version"}));

class GatewayConfigTest : public AcmeTest {};

TEST_F(GatewayConfigTest, scripts_see_no_secret) {
  const std::string seen = json::write(shop_->config()->script_settings);
  EXPECT_THAT(seen, Not(HasSubstr("SECRET")));
  EXPECT_THAT(seen, HasSubstr(R"("has":{"api_key":true})"));
  EXPECT_THAT(seen, HasSubstr(R"("shop":"main")"));
}

struct Advice {
  const char* json;
  const char* hint;
};

TEST_F(GatewayConfigTest, what_is_refused_says_what_to_do) {
  for (const Advice& advice : {
           Advice{R"({"api_key":"sk_1\n"})", "paste the key alone"},  // shorter than a key, too
           Advice{R"({"api_key":"sk_live_SECRET123","timout_ms":1})", "did you mean `timeout_ms`?"},
           Advice{R"({"api_key":"sk_live_SECRET123","quux":1})", "there are `api_key`, `token`, `shop`, `mode`"},
           Advice{R"({"api_key":"sk_live_SECRET123","ca_file":"/ca.pem"})", "give it to the runtime"},
           Advice{R"({"api_key":"sk_live_SECRET123","proxy":"http://a"})", "give it to the runtime"},
       }) {
    const auto gateway = Gateway::open(runtime_, "acme", advice.json);
    ASSERT_FALSE(gateway.ok()) << advice.json;
    EXPECT_EQ(gateway.error().code, "configuration");
    EXPECT_THAT(gateway.error().message, HasSubstr(advice.hint));
  }
}

TEST_F(GatewayConfigTest, a_key_of_another_mode_opens_no_gateway) {
  const std::string key = R"({"api_key":"sk_test_SECRET123")";
  const auto live = Gateway::open(runtime_, "acme", key + "}");
  ASSERT_FALSE(live.ok());
  EXPECT_THAT(live.error().message, HasSubstr("begins with sk_test_, so it is not for the mode `live`"));
  EXPECT_THAT(live.error().message, Not(HasSubstr("SECRET")));
  EXPECT_TRUE(Gateway::open(runtime_, "acme", key + R"(,"mode":"test"})").ok());
  EXPECT_TRUE(Gateway::open(runtime_, "acme", R"({"api_key":"my_sk_test_SECRET123"})").ok());
}

TEST_F(GatewayConfigTest, a_gateway_is_named_by_its_provider_and_mode_or_its_label) {
  EXPECT_EQ(shop_->name(), "acme/live");
  EXPECT_FALSE(shop_->test());
  const auto test = open_gateway(R"({"api_key":"sk_live_SECRET123","mode":"test","label":"second"})");
  EXPECT_EQ(test->name(), "second");
  EXPECT_TRUE(test->test());
}

}  // namespace
}  // namespace till
