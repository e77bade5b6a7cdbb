// Configurations: what is wrong is said with its place, and secrets come from where they are kept.
#include "core/service/config.h"

#include <cstdlib>

#include "tests/service/service_fixture.h"

namespace till::service {
namespace {

using testing::HasSubstr;
using testing::Not;

class ConfigTest : public ServiceTest {
 protected:
  Error wrong(json::Object more) {
    auto read = ServiceConfig::from_json(json::write(config(std::move(more))));
    if (!read.ok()) return read.error();
    Status checked = Service::check(*std::move(read));
    EXPECT_FALSE(checked.ok());
    return checked.ok() ? Error() : checked.error();
  }
  static json::Object api(json::Value token, json::Value listen = "127.0.0.1:0") {
    return {{"api", json::Object{{"listen", std::move(listen)}, {"token", std::move(token)}}}};
  }
  json::Object gateway(json::Value setup) const { return {{"gateways", json::Object{{"shop", std::move(setup)}}}}; }
};

TEST_F(ConfigTest, what_is_wrong_is_said_with_its_place) {
  const json::Value acme = json::Object{{"provider", "acme"}, {"settings", settings()}};
  const std::vector<std::pair<json::Object, std::string>> cases = {
      {{{"gatewys", 1 == 1}}, "$.gatewys"},
      {{{"runtime", json::Object{{"stor", "x"}}}}, "$.runtime.stor"},
      {{{"runtime", json::Object{{"connect_timeout_ms", "x"}}}}, "$.runtime.connect_timeout_ms"},
      {{{"webhooks", json::Object{{"listen", "8080"}}}}, "$.webhooks.listen"},
      {{{"webhooks", json::Object{}}}, "$.webhooks.listen"},
      {{{"webhooks", json::Object{{"listen", "127.0.0.1:0"}, {"cert_file", "x"}}}}, "$.webhooks.key_file"},
      {{{"webhooks", json::Object{{"listen", "127.0.0.1:0"}, {"cert_file", "/no"}, {"key_file", "/no"}}}},
       "$.webhooks.cert_file"},
      {{{"webhooks", json::Object{{"listen", "127.0.0.1:0"}, {"token", "x"}}}}, "$.webhooks.token"},
      {api(kToken, "0.0.0.0:80"), "$.api.listen"},
      {api(kToken, "192.0.2.1:80"), "$.api.listen"},
      {api(nullptr), "$.api.token"},
      {api("short"), "$.api.token"},
      {api("with a space in it, which is wrong"), "$.api.token"},
      {api(json::Object{{"env", "TILL_TEST_NOT_SET"}}), "$.api.token"},
      {api(json::Object{{"file", "/no/such/file"}}), "$.api.token"},
      {api(json::Object{{"file", "/"}}), "$.api.token"},
      {api(json::Object{{"vault", "x"}}), "$.api.token"},
      {{{"gateways", json::Object{}}}, "$.gateways"},
      {{{"reconcile", json::Object{{"interval_ms", json::Value::integer(99)}}}}, "$.reconcile.interval_ms"},
      {{{"gateways", json::Object{{"a/b", acme}}}}, "$.gateways.\"a/b\""},
      {gateway(json::Object{}), "$.gateways.shop.provider"},
      {gateway(json::Object{{"provider", "acne"}}), "$.gateways.shop.provider"},
      {gateway(json::Object{{"provider", "acme"}, {"settings", "x"}}), "$.gateways.shop.settings"},
      {gateway(json::Object{{"provider", "acme"}, {"setting", "x"}}), "$.gateways.shop.setting"},
      {gateway(json::Object{{"provider", "acme"}}), "$.gateways.shop.settings.api_key"},
      {gateway(json::Object{{"provider", "acme"},
                            {"settings", json::Object{{"api_key", json::Object{{"env", "TILL_TEST_NOT_SET"}}}}}}),
       "$.gateways.shop.settings.api_key"},
      {{{"gateways", json::Object{{"one", acme}, {"two", acme}}}}, "$.gateways.two.settings.label"},
      {{{"limits", json::Object{{"max_connection", json::Value::integer(1)}}}}, "$.limits.max_connection"},
      {{{"limits", json::Object{{"max_connections", json::Value::integer(0)}}}}, "$.limits.max_connections"},
      {{{"limits", json::Object{{"max_body_bytes", json::Value::integer(99'000'000)}}}}, "$.limits.max_body_bytes"},
      {{{"close_timeout_ms", "soon"}}, "$.close_timeout_ms"},
      {{{"log", "loud"}}, "$.log"},
      {{{"api", nullptr}, {"webhooks", nullptr}}, "$"},
  };
  for (const auto& [more, place] : cases) {
    const Error error = wrong(more);
    EXPECT_EQ(error.field, place) << error.message;
    EXPECT_FALSE(error.message.empty());
    EXPECT_THAT(error.message, Not(HasSubstr(std::string(kToken))));
    EXPECT_THAT(error.message, Not(HasSubstr(std::string(kKey))));
  }
}

TEST_F(ConfigTest, slip_of_the_pen_is_met_with_what_was_meant) {
  EXPECT_THAT(wrong({{"gatewys", 1 == 1}}).message, HasSubstr("did you mean `gateways`?"));
}

TEST_F(ConfigTest, unknown_member_is_told_before_the_one_that_is_missing) {
  const std::vector<std::pair<json::Object, std::string>> cases = {
      {{{"webhooks", json::Object{{"listten", "127.0.0.1:0"}}}}, "$.webhooks.listten"},
      {{{"api", json::Object{{"listen", "127.0.0.1:0"}, {"tokn", kToken}}}}, "$.api.tokn"},
      {{{"handler", json::Object{{"urll", "http://127.0.0.1:1/"}}}}, "$.handler.urll"},
      {gateway(json::Object{{"providr", "acme"}}), "$.gateways.shop.providr"},
      {{{"gateways", nullptr}, {"gatewys", json::Object{}}}, "$.gatewys"},
  };
  for (const auto& [more, place] : cases) {
    const Error error = wrong(more);
    EXPECT_EQ(error.field, place) << error.message;
    EXPECT_THAT(error.message, HasSubstr("did you mean"));
  }
}

TEST_F(ConfigTest, what_names_no_secret_is_told_the_shapes_that_do) {
  const json::Value vault = json::Object{{"vault", "x"}};
  json::Value with_key = settings();
  with_key.object()->set("api_key", vault);
  for (const json::Object& more : {api(vault), gateway(json::Object{{"provider", "acme"}, {"settings", with_key}})})
    EXPECT_THAT(wrong(more).message, HasSubstr(R"(text, {"env": "NAME"} or {"file": "/path"})"));
  with_key.object()->set("api_key", "short");
  EXPECT_THAT(wrong(gateway(json::Object{{"provider", "acme"}, {"settings", with_key}})).message,
              Not(HasSubstr("env")));
}

TEST_F(ConfigTest, file_that_cannot_be_read_is_told_with_the_reason) {
  EXPECT_EQ(wrong(api(json::Object{{"file", "/no/such/file"}})).message,
            "cannot read /no/such/file: No such file or directory");
  EXPECT_EQ(wrong(api(json::Object{{"file", "/"}})).message, "cannot read /: Is a directory");
}

TEST_F(ConfigTest, good_one_is_good) {
  auto read = ServiceConfig::from_json(json::write(config()));
  ASSERT_TRUE(read.ok());
  const Status checked = Service::check(*std::move(read));
  EXPECT_TRUE(checked.ok()) << checked.error().field << checked.error().message;
  EXPECT_FALSE(std::filesystem::exists(store_path())) << "checking opens nothing";
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/api.sock"));
}

TEST_F(ConfigTest, secrets_come_from_files_and_the_environment) {
  write_file(folder_.path() + "/token", std::string(kToken) + "\n");
  write_file(folder_.path() + "/key", std::string(kKey) + "\r\n");
  ::setenv("TILL_TEST_KEY", std::string(kKey).c_str(), 1);
  for (const json::Value& key : {json::Value(json::Object{{"file", folder_.path() + "/key"}}),
                                 json::Value(json::Object{{"env", "TILL_TEST_KEY"}})}) {
    json::Value with_key = settings();
    with_key.object()->set("api_key", key);
    json::Object more = gateway(json::Object{{"provider", "acme"}, {"settings", with_key}});
    more.set("api",
             json::Object{{"listen", "127.0.0.1:0"}, {"token", json::Object{{"file", folder_.path() + "/token"}}}});
    const auto read = ServiceConfig::from_json(json::write(config(more)));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->token.reveal(), kToken);
    EXPECT_THAT(std::string(read->gateways[0].settings_json.reveal()), HasSubstr("\"" + std::string(kKey) + "\""));
  }
  ::unsetenv("TILL_TEST_KEY");
}

TEST_F(ConfigTest, file_without_a_secret_is_refused) {
  write_file(folder_.path() + "/empty", "\n");
  EXPECT_THAT(wrong(api(json::Object{{"file", folder_.path() + "/empty"}})).message, HasSubstr("is empty"));
  write_file(folder_.path() + "/large", std::string(70'000, 'x'));
  EXPECT_THAT(wrong(api(json::Object{{"file", folder_.path() + "/large"}})).message, HasSubstr("larger than 64 KiB"));
}

TEST_F(ConfigTest, tls_opens_the_api_to_others) {
  http::Authority authority;
  auto read =
      ServiceConfig::from_json(json::write(config({{"api", json::Object{{"listen", "0.0.0.0:0"},
                                                                        {"token", kToken},
                                                                        {"cert_file", authority.cert_file()},
                                                                        {"key_file", authority.key_file()}}}})));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->api[0].cert_file, authority.cert_file());
}

}  // namespace
}  // namespace till::service
