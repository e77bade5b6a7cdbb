// What webhooks.receive takes: each form of headers and body, each limit, each way to be wrong.
#include "core/runtime/webhook_input.h"

#include <gmock/gmock.h>

#include "core/base/encoding.h"
#include "core/json/json.h"

namespace till {
namespace {

std::string seen(std::string_view input) {
  const auto request = read_webhook_request(input);
  const auto read = request.ok() ? webhook_seen(*request) : Result<json::Value>(request.error());
  if (read.ok()) return json::write(*read);
  return std::string(error_kind_name(read.error().kind)) + " " + read.error().field + read.error().reason;
}

std::string with_body(const std::string& body, json::Value headers = json::Object()) {
  return json::write(json::Object{{"headers", std::move(headers)}, {"body", body}});
}

TEST(WebhookInput, shows_the_body_as_text_and_as_json) {
  EXPECT_EQ(seen(R"({"headers":{"X-Event":"paid"},"body":"{\"id\": 1.50}"})"),
            R"({"json":{"id":1.50},"headers":{"x-event":"paid"},"text":"{\"id\": 1.50}"})");
  EXPECT_EQ(seen(R"({"body":"[]"})"), R"({"json":[],"headers":{},"text":"[]"})");
}

TEST(WebhookInput, shows_a_form_by_its_fields) {
  EXPECT_EQ(
      seen(with_body("id=p%201&note=a+b&flag&=x",
                     json::Object{{"content-type", "Application/X-WWW-Form-Urlencoded; charset=utf-8"}})),
      R"({"form":{"id":"p 1","note":"a b","flag":"","":"x"},"headers":{"content-type":"Application/X-WWW-Form-Urlencoded; charset=utf-8"},"text":"id=p%201&note=a+b&flag&=x"})");
}

TEST(WebhookInput, takes_headers_as_pairs_and_joins_those_of_one_name) {
  EXPECT_EQ(seen(R"({"headers":[["A","1"],["b","2"],["a","3"]],"body":"{}"})"),
            R"({"json":{},"headers":{"a":"1, 3","b":"2"},"text":"{}"})");
}

TEST(WebhookInput, takes_bytes_as_base64) {
  EXPECT_EQ(seen(R"({"body_base64":"e30="})"), R"({"json":{},"headers":{},"text":"{}"})");
}

TEST(WebhookInput, that_the_caller_gave_wrongly_is_refused_with_its_place) {
  EXPECT_EQ(seen("{"), "InvalidRequest $");
  EXPECT_EQ(seen("[]"), "InvalidRequest $");
  EXPECT_EQ(seen("{}"), "InvalidRequest $.body");
  EXPECT_EQ(seen(R"({"body":"{}","body_base64":"e30="})"), "InvalidRequest $.body");
  EXPECT_EQ(seen(R"({"body":{}})"), "InvalidRequest $.body");
  EXPECT_EQ(seen(R"({"body_base64":7})"), "InvalidRequest $.body_base64");
  EXPECT_EQ(seen(R"({"body_base64":"e30"})"), "InvalidRequest $.body_base64");
  EXPECT_EQ(seen(R"({"body":"{}","header":{}})"), "InvalidRequest $.header");
  EXPECT_EQ(seen(R"({"body":"{}","headers":"x"})"), "InvalidRequest $.headers");
  EXPECT_EQ(seen(R"({"body":"{}","headers":{"a":1}})"), "InvalidRequest $.headers.a");
  EXPECT_EQ(seen(R"({"body":"{}","headers":[["a"]]})"), "InvalidRequest $.headers[0]");
  EXPECT_EQ(seen(R"({"body":"{}","headers":[["a","b"],[1,"b"]]})"), "InvalidRequest $.headers[1]");
}

TEST(WebhookInput, that_is_malformed_is_rejected) {
  for (const char* body : {"", "{", "paid", "id=p1", "{\"a\":1,\"a\":2}"})
    EXPECT_EQ(seen(with_body(body)), "WebhookRejected malformed") << body;
  const std::string bytes = R"({"body_base64":")" + base64_encode("\"\xff\"") + "\"}";
  EXPECT_EQ(seen(bytes), "WebhookRejected malformed");
  for (const char* form : {"id=%zz", "id=%4", "%=1"})
    EXPECT_EQ(seen(with_body(form, json::Object{{"Content-Type", "application/x-www-form-urlencoded"}})),
              "WebhookRejected malformed")
        << form;
  EXPECT_EQ(seen(with_body("id=%ff", json::Object{{"Content-Type", "application/x-www-form-urlencoded"}})),
            "WebhookRejected malformed");
}

TEST(WebhookInput, beyond_its_limits_is_rejected) {
  const auto text_of = [](std::size_t size) { return '"' + std::string(size - 2, 'x') + '"'; };
  EXPECT_THAT(seen(with_body(text_of(kMaxWebhookBodyBytes))), testing::StartsWith("{"));
  EXPECT_EQ(seen(with_body(text_of(kMaxWebhookBodyBytes + 1))), "WebhookRejected too_large");
  EXPECT_EQ(seen(with_body(std::string(kMaxInputBytes, 'x'))), "WebhookRejected too_large");
  json::Object many;
  for (std::size_t i = 0; i < kMaxHeaderFields; ++i) many.set("h" + std::to_string(i), "x");
  EXPECT_THAT(seen(with_body("{}", many)), testing::StartsWith("{"));
  many.set("more", "x");
  EXPECT_EQ(seen(with_body("{}", many)), "WebhookRejected too_large");
  EXPECT_EQ(seen(with_body("{}", json::Object{{"a", std::string(kMaxHeaderBytes, 'x')}})), "WebhookRejected too_large");
}

}  // namespace
}  // namespace till
