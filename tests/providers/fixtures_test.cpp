// Every documented request and reply of every provider, through manifest, script, signing and error rules.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "core/base/clock.h"
#include "core/base/encoding.h"
#include "core/crypto/ecdsa.h"
#include "core/json/json.h"
#include "core/json/pointer.h"
#include "core/plugin/plugin.h"
#include "core/plugin/script.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"
#include "core/runtime/incoming.h"
#include "core/runtime/outgoing.h"
#include "tests/providers/fixture.h"

namespace till::test {
namespace {

constexpr UnixMillis kNow = 1'770'800'000'000;

json::Value member(const json::Value& value, std::string_view key) {
  const json::Value* found = value.find(key);
  return found ? *found : json::Value();
}

std::string text_member(const json::Value& value, std::string_view key) {
  return std::string(value.find_string(key).value_or(""));
}

// The provider's whole answer stands in `raw`; what the scripts make of it is what counts here.
json::Value without_raw(json::Value value) {
  if (json::Array* items = value.array())
    for (json::Value& item : *items) item = without_raw(std::move(item));
  if (json::Object* object = value.object()) {
    object->erase("raw");
    for (auto& [key, inner] : *object) inner = without_raw(std::move(inner));
  }
  return value;
}

// JSON text with sorted keys, so that a difference reads well.
json::Value sorted(const json::Value& value) {
  if (const json::Array* items = value.array()) {
    json::Array out;
    for (const json::Value& item : *items) out.push_back(sorted(item));
    return out;
  }
  if (const json::Object* object = value.object()) {
    std::set<std::string> keys;
    for (const auto& [key, inner] : *object) keys.insert(key);
    json::Object out;
    for (const std::string& key : keys) out.set(key, sorted(*object->find(key)));
    return out;
  }
  return value;
}

// A reply as scripts see it and pass it on: a number that is no integer is text, which loses no digit.
json::Value as_seen(const json::Value& value) {
  if (const json::Number* number = value.number(); number && !value.as_integer()) return number->text;
  json::Value out = value;
  if (json::Array* items = out.array())
    for (json::Value& item : *items) item = as_seen(item);
  if (json::Object* object = out.object())
    for (auto& [key, inner] : *object) inner = as_seen(inner);
  return out;
}

std::string shown(const json::Value& value) { return json::write(sorted(value)); }

class FixtureTest : public testing::TestWithParam<Fixture> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(document().object()) << "the fixture is no JSON object";
    auto plugin = plugin::load_plugin(providers_folder() / GetParam().provider);
    ASSERT_TRUE(plugin.ok()) << plugin.error().field << ": " << plugin.error().message;
    auto config = read_gateway_config(std::move(plugin).value(), json::write(member(document(), "settings")));
    ASSERT_TRUE(config.ok()) << config.error().field << ": " << config.error().message;
    config_ = std::move(config).value();
    clock_.set(document().find_integer("now").value_or(kNow));
  }

  const json::Value& document() const { return GetParam().document; }

  // The input with card data behind handles, as the core gives it to scripts.
  json::Value script_input() {
    json::Value input = member(document(), "input");
    json::Value* card = input.object() ? input.object()->find("card") : nullptr;
    if (!card || !card->object()) return input;
    for (const char* secret : {"number", "cvv"}) {
      json::Value* value = card->object()->find(secret);
      if (value) *value = handles_.add(Handles::Kind::kCardData, *value->string());
    }
    return input;
  }

  // Plays the whole fixture: the script's requests are compared, the documented replies handed in.
  Result<json::Value> play() {
    auto run = plugin::ScriptRun::open(config_->plugin, text_member(document(), "operation"), script_input(),
                                       config_->script_settings, clock_);
    if (!run.ok()) return std::move(run).error();
    Result<plugin::ScriptStep> step = run->begin();
    const json::Value exchanges = member(document(), "exchanges");
    for (const json::Value& exchange : *exchanges.array()) {
      if (!step.ok()) return std::move(step).error();
      const auto* request = std::get_if<plugin::ScriptRequest>(&step.value());
      if (!request) return internal_error("the script ended before its last request");
      check_request(*request, *exchange.find("request"));
      TILL_ASSIGN(plugin::ScriptReply reply, reply_of(*exchange.find("reply"), request->expect));
      step = run->resume(std::move(reply));
    }
    if (!step.ok()) return std::move(step).error();
    auto* done = std::get_if<plugin::ScriptDone>(&step.value());
    if (!done) return internal_error("the script sends a request that the fixture does not have");
    return handles_.shown(done->output, true);
  }

  Result<plugin::ScriptReply> reply_of(const json::Value& reply, const std::vector<int>& expected) {
    http::Response response;
    response.status = static_cast<int>(reply.find_integer("status").value_or(0));
    response.headers.add("content-type", "application/json");
    response.body = json::write(member(reply, "json"));
    Incoming incoming = incoming_reply(response, expected, *config_, handles_, clock_.now_ms());
    if (incoming.refusal) return *std::move(incoming.refusal);
    return std::move(incoming.reply);
  }

  void check_request(const plugin::ScriptRequest& script, const json::Value& expected) {
    const auto outgoing = outgoing_request(script, *config_, handles_, "");
    ASSERT_TRUE(outgoing.ok()) << outgoing.error().message;
    const http::Request& request = outgoing.value();
    EXPECT_EQ(request.method, text_member(expected, "method"));
    const std::string path = request.url.substr(0, request.url.find('?'));
    EXPECT_EQ(path, config_->base_url + text_member(expected, "path"));
    check_query(script, expected);
    check_body(request, expected);
    check_authentication(request, *expected.find("signed")->boolean());
    for (const auto& [name, value] : config_->manifest().headers) EXPECT_EQ(request.headers.find(name), value);
  }

  void check_query(const plugin::ScriptRequest& script, const json::Value& expected) {
    json::Array query;
    for (const auto& [name, value] : script.query) query.push_back(json::Array{name, value});
    const json::Value* wanted = expected.find("query");
    EXPECT_EQ(json::write(query), wanted ? json::write(*wanted) : "[]");
  }

  // Byte for byte, for the body is signed: member order and the text of numbers count.
  void check_body(const http::Request& request, const json::Value& expected) {
    const json::Value* wanted = expected.find("json");
    if (!wanted) {
      EXPECT_EQ(request.body, "");
      return;
    }
    EXPECT_EQ(request.headers.find("content-type"), "application/json");
    json::Value filled = *wanted;
    if (filled.find_string("nonce") == "NONCE") filled.object()->set("nonce", next_nonce(request.body));
    EXPECT_EQ(request.body, json::write(filled));
  }

  json::Value next_nonce(const std::string& body) {
    const auto sent = json::parse(body);
    const std::int64_t nonce = sent.ok() ? sent->find_integer("nonce").value_or(0) : 0;
    EXPECT_GE(nonce, clock_.now_ms());
    EXPECT_GT(nonce, last_nonce_);
    last_nonce_ = nonce;
    return json::Value::integer(nonce);
  }

  void check_authentication(const http::Request& request, bool expected) {
    const plugin::Auth& auth = config_->manifest().auth;
    const bool by_signature = auth.scheme == plugin::Auth::Scheme::kEcdsaSecp256k1;
    const auto sent = request.headers.find(by_signature ? auth.signature_header : auth.header);
    ASSERT_EQ(sent.has_value(), expected);
    if (!expected) return;
    if (!by_signature) {
      EXPECT_EQ(*sent, auth.prefix + text_member(member(document(), "settings"), auth.secret));
      return;
    }
    const auto identity = request.headers.find(auth.identity_header);
    ASSERT_TRUE(identity.has_value());
    const auto key = VerifyKey::from_hex(*identity);
    const auto signature = hex_decode(*sent);
    ASSERT_TRUE(key.ok() && signature.ok());
    EXPECT_TRUE(key->verify(request.url + request.body, signature.value()));
  }

  void check_error(const Error& error, const json::Value& expected) {
    EXPECT_EQ(error_kind_name(error.kind), text_member(expected, "kind")) << error.message;
    EXPECT_EQ(error.code, expected.find_string("code").value_or(error.code)) << error.message;
    EXPECT_EQ(error.message, expected.find_string("message").value_or(error.message));
    EXPECT_EQ(error.field, expected.find_string("field").value_or(error.field)) << error.message;
    EXPECT_EQ(error.retryable, expected.find_bool("retryable").value_or(error.retryable));
  }

  void check_output(const json::Value& output) {
    if (const auto pointer = document().find_string("output_is_reply")) {
      const json::Value reply = member(document().find("exchanges")->array()->back(), "reply");
      const json::Value* expected = json::at_pointer(*reply.find("json"), *pointer);
      ASSERT_TRUE(expected);
      EXPECT_EQ(shown(output), shown(as_seen(*expected)));
      return;
    }
    ASSERT_TRUE(document().find("output")) << "the script gave " << json::write(output);
    EXPECT_EQ(shown(without_raw(output)), shown(*document().find("output")));
  }

  std::unique_ptr<const GatewayConfig> config_;
  ManualClock clock_{kNow};
  Handles handles_;
  std::int64_t last_nonce_ = 0;
};

TEST_P(FixtureTest, documented_exchange_is_sent_and_understood) {
  const Result<json::Value> result = play();
  if (const json::Value* error = document().find("error")) {
    ASSERT_FALSE(result.ok()) << json::write(result.value());
    check_error(result.error(), *error);
    return;
  }
  ASSERT_TRUE(result.ok()) << error_kind_name(result.error().kind) << " " << result.error().code << ": "
                           << result.error().message;
  check_output(result.value());
}

std::string test_name(const testing::TestParamInfo<Fixture>& info) {
  std::string name = info.param.provider + "_" + info.param.file;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(providers, FixtureTest, testing::ValuesIn(all_fixtures()), test_name);

}  // namespace
}  // namespace till::test
