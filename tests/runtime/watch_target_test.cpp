// Where a watch listens: what a script may name, and what is refused.
#include "core/runtime/watch_target.h"

#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WatchTargetTest : public AcmeTest {
 protected:
  Result<WatchTarget> read(std::string_view output) {
    json::Value value = json::parse(output).value();
    if (json::Value* query = value.find("query") ? value.object()->find("query") : nullptr; query && query->array())
      for (json::Value& pair : *query->array())
        if (pair.array() && pair.array()->size() == 2 && (*pair.array())[1] == json::Value("TOKEN"))
          (*pair.array())[1] = token_;
    return read_watch_target(std::move(value), *shop_->config(), handles_);
  }
  std::string url_of(std::string_view output) {
    const auto target = read(output);
    return target.ok() ? target->request.url : target.error().code + " " + target.error().field;
  }

  Handles handles_;
  std::string token_ = handles_.add(Handles::Kind::kReplySecret, "to/ken&1");
};

TEST_F(WatchTargetTest, is_an_address_with_its_query_and_the_names_of_events) {
  const auto target = read(
      R"({"url":"https://api.acme.example/bus","query":[["token","TOKEN"],["events[]","payment"]],"events":["statechange"]})");
  ASSERT_TRUE(target.ok()) << target.error().message;
  EXPECT_EQ(target->request.method, "GET");
  EXPECT_EQ(target->request.url, "https://api.acme.example/bus?token=to%2Fken%261&events%5B%5D=payment");
  EXPECT_EQ(target->request.headers.find("Accept"), "text/event-stream");
  EXPECT_EQ(target->request.headers.find("X-Api-Key"), std::nullopt);
  EXPECT_THAT(target->events, ElementsAre("statechange"));
  EXPECT_TRUE(target->means("statechange"));
  EXPECT_FALSE(target->means("message"));
}

TEST_F(WatchTargetTest, may_have_a_query_already_and_any_event) {
  const auto target = read(R"({"url":"https://test.acme.example/bus?a=1","query":{"b":"2"},"events":{}})");
  ASSERT_TRUE(target.ok()) << target.error().message;
  EXPECT_EQ(target->request.url, "https://test.acme.example/bus?a=1&b=2");
  EXPECT_TRUE(target->means("message"));
  EXPECT_EQ(url_of(R"({"url":"https://api.acme.example/bus"})"), "https://api.acme.example/bus");
}

TEST_F(WatchTargetTest, lies_at_the_providers_hosts_or_at_the_gateways_own_address) {
  EXPECT_EQ(url_of(R"({"url":"https://evil.example/bus"})"), "script_output $.url");
  EXPECT_EQ(url_of(R"({"url":"http://api.acme.example/bus"})"), "script_output $.url");
  EXPECT_EQ(url_of(R"({"url":"http://127.0.0.1:8080/bus"})"), "script_output $.url");
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","base_url":"http://127.0.0.1:8080/v1"})");
  EXPECT_EQ(url_of(R"({"url":"http://127.0.0.1:8080/bus"})"), "http://127.0.0.1:8080/bus");
  EXPECT_EQ(url_of(R"({"url":"http://127.0.0.1:8081/bus"})"), "script_output $.url");
  EXPECT_EQ(url_of(R"({"url":"https://127.0.0.1:8080/bus"})"), "script_output $.url");
}

TEST_F(WatchTargetTest, of_another_form_is_the_scripts_fault) {
  for (const auto& [output, place] : std::vector<std::pair<const char*, const char*>>{
           {R"({})", "$.url"},
           {R"({"url":7})", "$.url"},
           {R"({"url":"https://u:p@api.acme.example/"})", "$.url"},
           {R"({"url":"https://api.acme.example/","query":"a=b"})", "$.query"},
           {R"({"url":"https://api.acme.example/","query":[["a"]]})", "$.query"},
           {R"({"url":"https://api.acme.example/","query":[["a",1]]})", "$.query"},
           {R"({"url":"https://api.acme.example/","query":[["","1"]]})", "$.query"},
           {R"({"url":"https://api.acme.example/","events":"a"})", "$.events"},
           {R"({"url":"https://api.acme.example/","events":[1]})", "$.events"},
           {R"({"url":"https://api.acme.example/","event":["a"]})", "$.event"}})
    EXPECT_EQ(url_of(output), std::string("script_output ") + place) << output;
  json::Array many;
  for (int i = 0; i < 51; ++i) many.push_back(json::Array{"a", "b"});
  const std::string query = json::write(json::Object{{"url", "https://api.acme.example/"}, {"query", many}});
  EXPECT_EQ(url_of(query), "script_output $.query");
  const json::Array names(51, json::Value("a"));
  EXPECT_EQ(url_of(json::write(json::Object{{"url", "https://api.acme.example/"}, {"events", names}})),
            "script_output $.events");
}

TEST_F(WatchTargetTest, keeps_secrets_to_values_of_the_query_and_cards_out_of_it) {
  const std::string card = handles_.add(Handles::Kind::kCardData, "4242424242424242");
  const auto with = [&](json::Value url, json::Value query) {
    return read_watch_target(json::Object{{"url", std::move(url)}, {"query", std::move(query)}}, *shop_->config(),
                             handles_);
  };
  EXPECT_EQ(with("https://api.acme.example/" + token_, nullptr).error().field, "$.url");
  EXPECT_EQ(with("https://api.acme.example/", json::Array{json::Array{token_, "x"}}).error().field, "$.query");
  EXPECT_EQ(with("https://api.acme.example/", json::Array{json::Array{"x", card}}).error().code, "handle");
  EXPECT_THAT(with("https://api.acme.example/", json::Array{json::Array{"x", card}}).error().message,
              HasSubstr("body only"));
}

}  // namespace
}  // namespace till
