// Manifests: a good one is read in full, and each single fault is refused where it stands.
#include "core/plugin/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/json/json.h"
#include "core/json/path.h"

namespace till::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A manifest that uses every member there is.
constexpr std::string_view kFull = R"({
  "manifest": 1, "id": "acme_pay", "version": "1.2.3-rc.1+b5", "name": "Acme Pay", "summary": "Cards and coins.",
  "homepage": "https://acme.example", "documentation": ["https://docs.acme.example/api"],
  "capabilities": {
    "payments.create": {"options": {"type": "object", "properties": {"speed": {"type": "string", "enum": ["high", "low"]}},
                                    "additionalProperties": false}, "input": ["acme_channel"]},
    "tokens.create": {"returns_secrets": true}, "cards.verify": {}, "check": {}},
  "native": {"POST /links": {"write": true, "summary": "Makes a link."},
             "getRates": {"summary": "Reads rates.", "returns_secrets": true}},
  "absent": {"refunds.create": "Refund in the dashboard.", "webhooks": "Acme sends none."},
  "settings": {"type": "object", "properties": {
      "api_key": {"type": "string", "title": "API key", "description": "See the dashboard.", "secret": true},
      "user": {"type": "string", "title": "User", "description": "Your login."},
      "token": {"type": "string", "title": "Token", "description": "From pairing.", "secret": true},
      "kind": {"type": "string", "title": "Kind", "description": "A kind of key.", "enum": ["bearer", "plain"], "default": "plain"},
      "loose": {"type": "string", "title": "Loose", "description": "A choice.", "enum": ["a"]},
      "wait": {"type": "boolean", "title": "Wait", "description": "Wait for the challenge.", "default": false},
      "size": {"type": "integer", "title": "Size", "description": "A size.", "default": 5}},
    "required": ["api_key"], "additionalProperties": false},
  "modes": {"live": {"base_url": "https://api.acme.example/v1"}, "test": {"base_url": "https://test.acme.example:8443", "test": true}, "own": {}},
  "default_mode": "live", "hosts": ["api.acme.example", "test.acme.example"],
  "auth": {"scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key"},
  "headers": {"X-Accept-Version": "2.0.0"}, "script_headers": ["X-Trace"], "path_secrets": ["token"], "reply_secrets": ["token"],
  "errors": {"rules": [{"status": 401, "kind": "AuthenticationError"}, {"status": [500, 599], "kind": "ProviderError", "retryable": true},
                       {"equals": {"/success": false}, "kind": "Conflict"}, {"truthy": ["/error"], "kind": "NotFound"},
                       {"range": {"/status": [400, 599]}, "kind": "InvalidRequest"}],
             "message": ["/message", "/error"], "code": ["/code"], "field": ["/field"], "fields": ["/fields"], "request_id": ["/id"], "request_id_header": "X-Request-Id"},
  "idempotency": {"header": "Idempotency-Key"},
  "rate_limit": {"limit_header": "X-Limit", "remaining_header": "X-Remaining", "reset_header": "X-Reset", "reset_unit": "seconds"}, "currencies": ["EUR", "BTC"], "permissions": {"card_data": true}})";

json::Value full() {
  auto value = json::parse(kFull);
  EXPECT_TRUE(value.ok()) << value.error().message;
  return *std::move(value);
}

// One change to the full manifest: the member at `place` (keys separated by "|") becomes `text`, or goes when it is "".
struct Fault {
  std::string place;
  std::string text;
  std::string field;
  std::string message;
};

json::Value* descend(json::Value* at, std::string_view key) {
  if (auto* array = at->array()) return &(*array)[static_cast<std::size_t>(key[0] - '0')];
  return at->object()->find(key);
}

std::string changed(std::string_view place, std::string_view text) {
  json::Value document = full();
  json::Value* at = &document;
  for (auto bar = place.find('|'); bar != place.npos; bar = place.find('|')) {
    at = descend(at, place.substr(0, bar));
    place.remove_prefix(bar + 1);
  }
  if (text.empty())
    EXPECT_TRUE(at->object()->erase(place)) << place;
  else if (at->array() != nullptr)
    *descend(at, place) = *json::parse(text);
  else
    at->object()->set(place, *json::parse(text));
  return json::write(document);
}

void expect_refused(const Fault& fault) {
  const auto result = parse_manifest(changed(fault.place, fault.text));
  ASSERT_FALSE(result.ok()) << fault.place << " = " << fault.text;
  EXPECT_EQ(result.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(result.error().code, "manifest");
  EXPECT_EQ(result.error().field, fault.field) << result.error().message;
  EXPECT_THAT(result.error().message, HasSubstr(fault.message)) << fault.place << " = " << fault.text;
}

void expect_refused(std::initializer_list<Fault> faults) {
  for (const Fault& fault : faults) expect_refused(fault);
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), by);
}

void expect_accepted(std::string_view place, std::string_view text) {
  const auto result = parse_manifest(changed(place, text));
  EXPECT_TRUE(result.ok()) << place << " = " << text << ": " << result.error().message;
}

TEST(Manifest, reads_every_member) {
  const auto result = parse_manifest(kFull);
  ASSERT_TRUE(result.ok()) << result.error().message;
  const Manifest& manifest = *result;
  EXPECT_EQ(manifest.id, "acme_pay");
  EXPECT_EQ(manifest.version, "1.2.3-rc.1+b5");
  EXPECT_EQ(manifest.name, "Acme Pay");
  EXPECT_EQ(manifest.summary, "Cards and coins.");
  EXPECT_EQ(manifest.homepage, "https://acme.example");
  EXPECT_THAT(manifest.documentation, ElementsAre("https://docs.acme.example/api"));
  EXPECT_EQ(manifest.default_mode, "live");
  EXPECT_THAT(manifest.hosts, ElementsAre("api.acme.example", "test.acme.example"));
  EXPECT_EQ(manifest.headers.at("X-Accept-Version"), "2.0.0");
  EXPECT_THAT(manifest.script_headers, ElementsAre("X-Trace"));
  EXPECT_THAT(manifest.path_secrets, ElementsAre("token"));
  EXPECT_THAT(manifest.reply_secrets, ElementsAre("token"));
  EXPECT_EQ(manifest.idempotency_header, "Idempotency-Key");
  EXPECT_THAT(manifest.currencies, ElementsAre("EUR", "BTC"));
  EXPECT_TRUE(manifest.card_data);
  EXPECT_EQ(manifest.absent.at("webhooks"), "Acme sends none.");
  EXPECT_EQ(manifest.document, full());
  EXPECT_EQ(manifest.settings_schema, *full().find("settings"));
}

TEST(Manifest, reads_capabilities_and_native_calls) {
  const Manifest manifest = *parse_manifest(kFull);
  EXPECT_EQ(manifest.capabilities.size(), 4u);
  EXPECT_FALSE(manifest.capabilities.at("payments.create").options_schema.is_null());
  EXPECT_THAT(manifest.capabilities.at("payments.create").extra_input, ElementsAre("acme_channel"));
  EXPECT_TRUE(manifest.capabilities.at("tokens.create").returns_secrets);
  EXPECT_FALSE(manifest.capabilities.at("check").returns_secrets);
  EXPECT_TRUE(manifest.capabilities.at("check").options_schema.is_null());
  EXPECT_FALSE(manifest.native.at("POST /links").read);
  EXPECT_EQ(manifest.native.at("POST /links").summary, "Makes a link.");
  EXPECT_TRUE(manifest.native.at("getRates").read);
  EXPECT_TRUE(manifest.native.at("getRates").returns_secrets);
}

TEST(Manifest, reads_modes) {
  const Manifest manifest = *parse_manifest(kFull);
  EXPECT_EQ(manifest.modes.at("live").base_url, "https://api.acme.example/v1");
  EXPECT_FALSE(manifest.modes.at("live").test);
  EXPECT_EQ(manifest.modes.at("test").base_url, "https://test.acme.example:8443");
  EXPECT_TRUE(manifest.modes.at("test").test);
  EXPECT_EQ(manifest.modes.at("own").base_url, "");
  EXPECT_TRUE(manifest.modes.at("own").wrong_prefixes.empty());
  const Manifest strict = *parse_manifest(changed("modes|live|wrong_prefixes", R"({"api_key":["sk_test_","t_"]})"));
  EXPECT_THAT(strict.modes.at("live").wrong_prefixes.at("api_key"), ElementsAre("sk_test_", "t_"));
}

TEST(Manifest, reads_error_rules) {
  const ErrorMap errors = parse_manifest(kFull)->errors;
  ASSERT_EQ(errors.rules.size(), 5u);
  EXPECT_EQ(errors.rules[0].status, 401);
  EXPECT_EQ(errors.rules[0].kind, ErrorKind::kAuthentication);
  EXPECT_FALSE(errors.rules[0].retryable);
  EXPECT_EQ(errors.rules[1].status_range, std::pair(500, 599));
  EXPECT_TRUE(errors.rules[1].retryable);
  EXPECT_THAT(errors.rules[2].equals, ElementsAre(std::pair<std::string, json::Value>("/success", false)));
  EXPECT_THAT(errors.rules[3].truthy, ElementsAre("/error"));
  EXPECT_EQ(errors.rules[3].kind, ErrorKind::kNotFound);
  ASSERT_EQ(errors.rules[4].ranges.size(), 1u);
  EXPECT_EQ(errors.rules[4].ranges[0].pointer, "/status");
  EXPECT_EQ(errors.rules[4].ranges[0].low, 400);
  EXPECT_EQ(errors.rules[4].ranges[0].high, 599);
  EXPECT_THAT(errors.message, ElementsAre("/message", "/error"));
  EXPECT_THAT(errors.code, ElementsAre("/code"));
  EXPECT_THAT(errors.field, ElementsAre("/field"));
  EXPECT_THAT(errors.fields, ElementsAre("/fields"));
  EXPECT_THAT(errors.request_id, ElementsAre("/id"));
  EXPECT_EQ(errors.request_id_header, "X-Request-Id");
}

TEST(Manifest, reads_each_way_to_authenticate) {
  const Auth header = parse_manifest(kFull)->auth;
  EXPECT_EQ(header.scheme, Auth::Scheme::kHeader);
  EXPECT_EQ(header.header, "X-Api-Key");
  EXPECT_EQ(header.prefix, "Key ");
  EXPECT_EQ(header.secret, "api_key");
  const Auth basic =
      parse_manifest(changed("auth", R"({"scheme":"basic","username":"user","password":"api_key"})"))->auth;
  EXPECT_EQ(basic.scheme, Auth::Scheme::kBasic);
  EXPECT_EQ(basic.username, "user");
  EXPECT_EQ(basic.password, "api_key");
  const Auth ecdsa =
      parse_manifest(
          changed(
              "auth",
              R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"X-Identity","signature_header":"X-Signature"})"))
          ->auth;
  EXPECT_EQ(ecdsa.scheme, Auth::Scheme::kEcdsaSecp256k1);
  EXPECT_EQ(ecdsa.identity_header, "X-Identity");
  EXPECT_EQ(ecdsa.signature_header, "X-Signature");
  EXPECT_EQ(parse_manifest(changed("auth", R"({"scheme":"none"})"))->auth.scheme, Auth::Scheme::kNone);
}

TEST(Manifest, needs_only_what_nothing_can_stand_for) {
  for (const char* optional : {"homepage", "documentation", "native", "absent", "headers", "script_headers",
                               "path_secrets", "reply_secrets", "errors", "idempotency", "currencies"})
    expect_accepted(optional, "");
  for (const char* required : {"manifest", "id", "version", "name", "summary", "capabilities", "settings", "modes",
                               "default_mode", "hosts", "auth"})
    expect_refused({required, "", "$." + std::string(required), "is required"});
  expect_accepted("idempotency", "null");
  EXPECT_THAT(parse_manifest(changed("currencies", ""))->currencies, IsEmpty());
}

TEST(Manifest, is_json_within_its_limit) {
  const auto broken = parse_manifest("{\"manifest\": 01}");
  ASSERT_FALSE(broken.ok());
  EXPECT_EQ(broken.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(broken.error().code, "manifest");
  EXPECT_EQ(broken.error().field, "$.manifest");
  EXPECT_FALSE(parse_manifest("[]").ok());
  EXPECT_FALSE(parse_manifest("{\"manifest\":1,\"manifest\":1}").ok());
  EXPECT_TRUE(parse_manifest(std::string(kFull) + std::string(1000, ' ')).ok());
  EXPECT_THAT(parse_manifest(std::string(kFull) + std::string(300'000, ' ')).error().message, HasSubstr("larger than"));
}

TEST(Manifest, says_that_refunds_may_be_in_other_currencies) {
  std::string without(kFull);
  const std::string absent = R"("refunds.create": "Refund in the dashboard.", )";
  without.erase(without.find(absent), absent.size());
  const auto with = [&](std::string_view operation, std::string_view value) {
    std::string text = without;
    const std::string anchor = "\"capabilities\": {";
    return text.replace(
        text.find(anchor), anchor.size(),
        anchor + "\"" + std::string(operation) + "\": {\"other_currencies\": " + std::string(value) + "},");
  };
  EXPECT_TRUE(parse_manifest(with("refunds.create", "true"))->capabilities.at("refunds.create").other_currencies);
  EXPECT_FALSE(parse_manifest(with("refunds.create", "false"))->capabilities.at("refunds.create").other_currencies);
  EXPECT_EQ(parse_manifest(with("refunds.create", "1")).error().field,
            R"($.capabilities."refunds.create".other_currencies)");
  EXPECT_THAT(parse_manifest(with("refunds.list", "true")).error().message, HasSubstr("refunds.create"));
}

TEST(Manifest, refuses_unknown_members_everywhere) {
  expect_refused({{"sumary", "\"x\"", "$.sumary", "did you mean `summary`?"},
                  {"capabilities|check|option", "{}", "$.capabilities.check.option", "did you mean `options`?"},
                  {"native|getRates|read", "true", "$.native.getRates.read", "unknown member"},
                  {"modes|live|url", "\"x\"", "$.modes.live.url", "unknown member"},
                  {"auth|user", "\"x\"", "$.auth.user", "unknown member"},
                  {"errors|rule", "[]", "$.errors.rule", "did you mean `rules`?"},
                  {"errors|rules|0|statu", "1", "$.errors.rules[0].statu", "did you mean `status`?"},
                  {"idempotency|heeder", "\"x\"", "$.idempotency.heeder", "did you mean `header`?"},
                  {"permissions|network", "true", "$.permissions.network", "unknown member"},
                  {"settings|patternProperties", "{}", "$.settings.patternProperties", "unknown keyword"}});
  for (const char* auth :
       {R"({"scheme":"none","x":1})", R"({"scheme":"basic","username":"user","password":"api_key","x":1})",
        R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"A","signature_header":"B","x":1})"})
    expect_refused({"auth", auth, "$.auth.x", "unknown member"});
}

TEST(Manifest, refuses_a_bad_identity) {
  expect_refused({{"manifest", "2", "$.manifest", "must be 1"},
                  {"manifest", "\"1\"", "$.manifest", "must be 1"},
                  {"name", "\"\"", "$.name", "not empty"},
                  {"name", "\"a\\u0007\"", "$.name", "control characters"},
                  {"summary", "7", "$.summary", "must be text"},
                  {"homepage", "\"acme.example\"", "$.homepage", "whole URL"},
                  {"documentation", "\"https://a.example\"", "$.documentation", "must be a list"},
                  {"documentation", "[\"ftp://a.example\"]", "$.documentation[0]", "whole URL"},
                  {"documentation", "[\"https://a.example\",\"https://a.example\"]", "$.documentation[1]", "twice"}});
  expect_refused({"summary", json::write(std::string(2049, 'a')), "$.summary", "longer than 2048"});
  for (const char* id :
       {"\"a\"", "\"Acme\"", "\"1acme\"", "\"ac-me\"", "\"_acme\"", "\"a234567890123456789012345678901_3\""})
    expect_refused({"id", id, "$.id", "2 to 32"});
  for (const char* version : {"\"1\"", "\"1.0\"", "\"1.0.0.0\"", "\"01.0.0\"", "\"v1.0.0\"", "\"1.0.0-\"",
                              "\"1.0.0-01\"", "\"1.0.0+\"", "\"1.0.x\"", "\"1..0\""})
    expect_refused({"version", version, "$.version", "semantic version"});
  expect_accepted("version", "\"0.1.0\"");
  expect_accepted("version", "\"10.20.30-alpha-1.0.x7\"");
}

TEST(Manifest, refuses_bad_capabilities) {
  expect_refused(
      {{"capabilities", "[]", "$.capabilities", "must be an object"},
       {"capabilities", "{}", "$.capabilities", "at least one"},
       {"capabilities", R"({"payment.create":{}})", R"($.capabilities."payment.create")",
        "did you mean `payments.create`?"},
       {"capabilities", R"({"check":true})", "$.capabilities.check", "must be an object"},
       {"capabilities", R"({"check":{"returns_secrets":"no"}})", "$.capabilities.check.returns_secrets",
        "true or false"},
       {"capabilities", R"({"check":{"options":{"type":"string"}}})", "$.capabilities.check.options",
        "of type `object`"},
       {"capabilities", R"({"check":{"options":{"type":"object"}}})", "$.capabilities.check.options",
        "additionalProperties"},
       {"capabilities", R"({"check":{"options":{"type":"objekt"}}})", "$.capabilities.check.options.type",
        "must be one of"},
       {"capabilities",
        R"({"check":{"options":{"type":"object","properties":{"a":{"type":"string","secret":true}},"additionalProperties":false}}})",
        "$.capabilities.check.options", "none can be secret"},
       {"capabilities", R"({"check":{"input":["Bad"]}})", "$.capabilities.check.input[0]", "must be a name"},
       {"capabilities", R"({"check":{"input":["amount"]}})", "$.capabilities.check.input[0]", "unified input"},
       {"capabilities", R"({"check":{"input":["a","a"]}})", "$.capabilities.check.input[1]", "twice"}});
}

TEST(Manifest, refuses_bad_native_calls) {
  expect_refused({{"native", "[]", "$.native", "must be an object"},
                  {"native", R"({"":{"summary":"x"}})", R"($.native."")", "printable ASCII"},
                  {"native", R"({"a\n":{"summary":"x"}})", R"($.native."a\n")", "printable ASCII"},
                  {"native", R"({"getRates":{}})", "$.native.getRates.summary", "is required"},
                  {"native", R"({"getRates":{"summary":""}})", "$.native.getRates.summary", "not empty"},
                  {"native", R"({"getRates":{"summary":"x","write":1}})", "$.native.getRates.write", "true or false"},
                  {"native", R"({"getRates":{"summary":"x","returns_secrets":1}})", "$.native.getRates.returns_secrets",
                   "true or false"}});
  const std::string name(101, 'a');
  EXPECT_FALSE(parse_manifest(changed("native", "{\"" + name + "\":{\"summary\":\"x\"}}")).ok());
  expect_accepted("native", "{\"" + name.substr(1) + "\":{\"summary\":\"x\"}}");
}

TEST(Manifest, refuses_what_is_present_and_absent) {
  expect_refused(
      {{"absent", R"({"check":"x"})", "$.absent.check", "present or absent"},
       {"absent", R"({"payments.create":"x"})", R"($.absent."payments.create")", "present or absent"},
       {"absent", R"({"payments":"x"})", "$.absent.payments", "`payments.create` is among"},
       {"absent", R"({"refund.create":"x"})", R"($.absent."refund.create")", "did you mean `refunds.create`?"},
       {"absent", R"({"refunds.create":""})", R"($.absent."refunds.create")", "not empty"},
       {"absent", R"({"":"x"})", R"($.absent."")", "must not be empty"},
       {"absent", "[]", "$.absent", "must be an object"}});
  expect_accepted("absent", R"({"payouts":"Not documented.","payments.list":"x","pay":"x"})");
}

TEST(Manifest, refuses_card_data_without_the_permission_in_its_form) {
  expect_refused({{"permissions", "true", "$.permissions", "must be an object"},
                  {"permissions", R"(["card_data"])", "$.permissions", "must be an object"},
                  {"permissions", R"({"card_data":"yes"})", "$.permissions.card_data", "true or false"},
                  {"permissions", R"({"card_data":false})", "$", "`cards.verify` needs"},
                  {"permissions", "", "$", "`cards.verify` needs"}});
}

TEST(Manifest, refuses_bad_settings) {
  const auto property = [](std::string_view name, std::string_view schema) {
    return R"({"type":"object","properties":{")" + std::string(name) + "\":" + std::string(schema) +
           R"(},"additionalProperties":false})";
  };
  constexpr std::string_view kText = R"({"type":"string","title":"T","description":"D"})";
  expect_refused(
      {{"settings", R"({"type":"object"})", "$.settings", "additionalProperties"},
       {"settings", R"({"type":"array"})", "$.settings", "of type `object`"},
       {"settings", property("Key", kText), "$.settings.properties.Key", "a-z"},
       {"settings", property("k", R"({"type":"string","description":"D"})"), "$.settings.properties.k.title",
        "required"},
       {"settings", property("k", R"({"type":"string","title":"T"})"), "$.settings.properties.k.description",
        "required"},
       {"settings", property("k", R"({"type":"string","title":"T","description":"D","default":1})"),
        "$.settings.properties.k.default", "fit"},
       {"settings",
        property("k", R"({"type":"array","title":"T","description":"D","items":{"type":"string","secret":true}})"),
        "$.settings.properties.k", "only a setting itself"}});
  for (const char* reserved :
       {"mode", "base_url", "timeout_ms", "rate_limit_wait_ms", "ca_file", "proxy", "label", "has", "identity"})
    expect_refused(
        {"settings", property(reserved, kText), "$.settings.properties." + std::string(reserved), "reserved"});
}

TEST(Manifest, refuses_wrong_prefixes_of_what_is_no_secret) {
  constexpr const char* kPlace = "modes|live|wrong_prefixes";
  expect_refused({{kPlace, "[]", "$.modes.live.wrong_prefixes", "must be an object"},
                  {kPlace, R"({"user":["t_"]})", "$.modes.live.wrong_prefixes.user", "secret"},
                  {kPlace, R"({"nothing":["t_"]})", "$.modes.live.wrong_prefixes.nothing", "secret"},
                  {kPlace, R"({"api_key":"t_"})", "$.modes.live.wrong_prefixes.api_key", "list"},
                  {kPlace, R"({"api_key":[""]})", "$.modes.live.wrong_prefixes.api_key[0]", "not empty"}});
}

TEST(Manifest, refuses_bad_modes) {
  expect_refused({{"modes", "{}", "$.modes", "at least one mode"},
                  {"modes", R"({"Live":{}})", "$.modes.Live", "a-z"},
                  {"modes", R"({"live":"https://api.acme.example"})", "$.modes.live", "must be an object"},
                  {"modes|live|test", "1", "$.modes.live.test", "true or false"},
                  {"default_mode", "\"liev\"", "$.default_mode", "`live`, `own` or `test`"},
                  {"modes|live|base_url", "\"https://other.example\"", "$.modes.live.base_url", "not among `hosts`"}});
  for (const char* url : {"http://api.acme.example", "api.acme.example", "https://", "https://user@api.acme.example",
                          "https://api.acme.example:0", "https://api.acme.example:x", "wss://api.acme.example",
                          "https://api.acme.example/a b"})
    expect_refused({"modes|live|base_url", json::write(url), "$.modes.live.base_url", "begins with https://"});
  for (const char* url :
       {"https://api.acme.example/", "https://api.acme.example/v1?a=b", "https://api.acme.example/#x"})
    expect_refused({"modes|live|base_url", json::write(url), "$.modes.live.base_url", "without slash"});
}

TEST(Manifest, refuses_malformed_hosts) {
  for (const char* host :
       {"https://api.acme.example", "api.acme.example:443", "*.acme.example", "API.acme.example", "api.acme.example/v1",
        "10.0.0.1", ".acme.example", "api..example", "-a.example", "a b.example", "[::1]", "api.acme.example."})
    expect_refused({"hosts|1", json::write(host), "$.hosts[1]", "lower-case host name"});
  expect_refused({{"hosts", "\"api.acme.example\"", "$.hosts", "must be a list"},
                  {"hosts|1", "\"api.acme.example\"", "$.hosts[1]", "twice"},
                  {"hosts|1", "7", "$.hosts[1]", "must be text"}});
}

TEST(Manifest, refuses_auth_that_does_not_hold_together) {
  expect_refused(
      {{"auth", "\"none\"", "$.auth", "must be an object"},
       {"auth", "{}", "$.auth.scheme", "is required"},
       {"auth|scheme", "\"bearer\"", "$.auth.scheme", "`ecdsa_secp256k1`"},
       {"auth|secret", "\"missing\"", "$.auth.secret", "name of one of the `settings`"},
       {"auth|secret", "\"user\"", "$.auth.secret", "marked \"secret\": true"},
       {"auth|secret", "\"size\"", "$.auth.secret", "of type `string`"},
       {"auth|secret", "", "$.auth.secret", "is required"},
       {"auth|header", "", "$.auth.header", "is required"},
       {"auth|header", "\"X Key\"", "$.auth.header", "header name"},
       {"auth|header", "\"Host\"", "$.auth.header", "the core itself"},
       {"auth|prefix", "\"Key\\r\\n\"", "$.auth.prefix", "printable ASCII"},
       {"auth|prefix", "\" Key\"", "$.auth.prefix", "printable ASCII"},
       {"auth|prefix", "7", "$.auth.prefix", "printable ASCII"},
       {"auth", R"({"scheme":"basic","username":"none","password":"api_key"})", "$.auth.username", "name of one"},
       {"auth", R"({"scheme":"basic","username":"size","password":"api_key"})", "$.auth.username", "type `string`"},
       {"auth", R"({"scheme":"basic","username":"user","password":"user"})", "$.auth.password", "secret"},
       {"auth", R"({"scheme":"basic","username":"user"})", "$.auth.password", "required"},
       {"auth", R"({"scheme":"ecdsa_secp256k1","secret":"user","identity_header":"A","signature_header":"B"})",
        "$.auth.secret", "secret"},
       {"auth", R"({"scheme":"ecdsa_secp256k1","secret":"api_key","signature_header":"B"})", "$.auth.identity_header",
        "required"},
       {"auth", R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"A"})", "$.auth.signature_header",
        "required"},
       {"auth", R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"X-A","signature_header":"x-a"})",
        "$.auth", "must differ"}});
  expect_accepted("auth|header", "\"Authorization\"");
}

TEST(Manifest, reads_a_prefix_that_a_setting_chooses) {
  const Auth auth =
      parse_manifest(changed("auth|prefix", R"({"setting":"kind","values":{"bearer":"Bearer ","plain":""}})"))->auth;
  EXPECT_EQ(auth.prefix, "");
  EXPECT_EQ(auth.prefix_setting, "kind");
  EXPECT_THAT(auth.prefixes, ElementsAre(std::pair("bearer", "Bearer "), std::pair("plain", "")));
}

TEST(Manifest, refuses_a_prefix_that_does_not_follow_from_its_setting) {
  const auto prefix = [](std::string_view setting, std::string_view values) {
    return R"({"setting":")" + std::string(setting) + R"(","values":)" + std::string(values) + "}";
  };
  expect_refused(
      {{"auth|prefix", "{}", "$.auth.prefix.setting", "is required"},
       {"auth|prefix", R"({"setting":"kind"})", "$.auth.prefix.values", "is required"},
       {"auth|prefix", R"({"setting":"kind","value":{}})", "$.auth.prefix.value", "did you mean `values`?"},
       {"auth|prefix", prefix("none", "{}"), "$.auth.prefix.setting", "name of one of the `settings`"},
       {"auth|prefix", prefix("size", "{}"), "$.auth.prefix.setting", "of type `string`"},
       {"auth|prefix", prefix("token", "{}"), "$.auth.prefix.setting", "must not be secret"},
       {"auth|prefix", prefix("user", "{}"), "$.auth.prefix.setting", "`enum`"},
       {"auth|prefix", prefix("loose", R"({"a":""})"), "$.auth.prefix.setting", "default or be required"},
       {"auth|prefix", prefix("kind", "[]"), "$.auth.prefix.values", "must be an object"},
       {"auth|prefix", prefix("kind", R"({"bearer":"B "})"), "$.auth.prefix.values", "misses the value `plain`"},
       {"auth|prefix", prefix("kind", R"({"bearer":"B ","plain":"","x":""})"), "$.auth.prefix.values.x", "cannot have"},
       {"auth|prefix", prefix("kind", R"({"bearer":"B\r\n","plain":""})"), "$.auth.prefix.values.bearer",
        "printable ASCII"}});
  const std::string required = replaced(changed("auth|prefix", prefix("loose", R"({"a":""})")),
                                        R"("required":["api_key"])", R"("required":["api_key","loose"])");
  EXPECT_TRUE(parse_manifest(required).ok());
}

TEST(Manifest, reads_and_checks_the_setting_that_waits_for_a_challenge) {
  const auto basic = [](std::string_view setting) {
    return R"({"scheme":"basic","username":"user","password":"api_key","challenge_setting":)" + std::string(setting) +
           "}";
  };
  EXPECT_EQ(parse_manifest(changed("auth", basic("\"wait\"")))->auth.challenge_setting, "wait");
  expect_refused({{"auth", basic("\"none\""), "$.auth.challenge_setting", "name of one of the `settings`"},
                  {"auth", basic("\"user\""), "$.auth.challenge_setting", "of type `boolean`"},
                  {"auth", basic("true"), "$.auth.challenge_setting", "must be text"}});
}

TEST(Manifest, refuses_path_secrets_that_are_none) {
  expect_refused({{"path_secrets", "[\"missing\"]", "$.path_secrets[0]", "name of one"},
                  {"path_secrets", "[\"user\"]", "$.path_secrets[0]", "secret"},
                  {"path_secrets", "[\"token\",\"token\"]", "$.path_secrets[1]", "twice"},
                  {"reply_secrets", "[\"\"]", "$.reply_secrets[0]", "not empty"},
                  {"reply_secrets", "\"token\"", "$.reply_secrets", "must be a list"}});
}

TEST(Manifest, refuses_headers_that_are_not_the_plugins_to_set) {
  for (const char* name :
       {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "Keep-Alive", "Proxy-Authorization",
        "Proxy-Connection", "TE", "Trailer", "Upgrade", "Expect", "Content-Type"}) {
    expect_refused({"headers", "{\"" + std::string(name) + "\":\"x\"}", json::member_path("$.headers", name),
                    "the core itself sets"});
    expect_refused(
        {"script_headers", "[\"" + std::string(name) + "\"]", "$.script_headers[0]", "the core itself sets"});
  }
  for (const char* name : {"Authorization", "x-api-key"}) {
    expect_refused(
        {"headers", "{\"" + std::string(name) + "\":\"x\"}", json::member_path("$.headers", name), "only `auth`"});
    expect_refused({"script_headers", "[\"" + std::string(name) + "\"]", "$.script_headers[0]", "only `auth`"});
  }
  expect_refused({{"headers", R"({"A B":"x"})", R"($.headers."A B")", "header name"},
                  {"headers", R"({"":"x"})", R"($.headers."")", "header name"},
                  {"headers", R"({"A":"x y "})", "$.headers.A", "printable ASCII"},
                  {"headers", R"({"A":"é"})", "$.headers.A", "printable ASCII"},
                  {"headers", R"({"A":"x\r\nB: y"})", "$.headers.A", "control characters"},
                  {"headers", R"({"A":7})", "$.headers.A", "must be text"},
                  {"headers", R"({"A":"x","a":"y"})", "$.headers.a", "already"},
                  {"headers", R"({"idempotency-KEY":"x"})", R"($.headers."idempotency-KEY")", "`idempotency`"},
                  {"script_headers", R"(["X Trace"])", "$.script_headers[0]", "header name"},
                  {"script_headers", R"(["X-T","X-T"])", "$.script_headers[1]", "twice"},
                  {"script_headers", R"(["x-accept-version"])", "$.script_headers[0]", "already"},
                  {"script_headers", R"(["Idempotency-Key"])", "$.script_headers[0]", "`idempotency`"},
                  {"idempotency", "{}", "$.idempotency.header", "is required"},
                  {"idempotency", "\"Idempotency-Key\"", "$.idempotency", "must be an object"},
                  {"idempotency|header", "\"a b\"", "$.idempotency.header", "header name"},
                  {"idempotency|header", "\"Host\"", "$.idempotency.header", "the core itself"},
                  {"idempotency|header", "\"X-Api-Key\"", "$.idempotency.header", "only `auth`"}});
  const char* ecdsa =
      R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"X-Trace","signature_header":"X-Signature"})";
  expect_refused({"auth", ecdsa, "$.script_headers[0]", "only `auth`"});
  const char* signed_trace =
      R"({"scheme":"ecdsa_secp256k1","secret":"api_key","identity_header":"X-I","signature_header":"X-Trace"})";
  expect_refused({"auth", signed_trace, "$.script_headers[0]", "only `auth`"});
}

TEST(Manifest, refuses_bad_error_rules) {
  expect_refused({{"errors", "[]", "$.errors", "must be an object"},
                  {"errors|rules", "{}", "$.errors.rules", "must be a list"},
                  {"errors|rules|0", R"({"status":401})", "$.errors.rules[0].kind", "is required"},
                  {"errors|rules|0", R"({"kind":"NotFound"})", "$.errors.rules[0]", "needs a condition"},
                  {"errors|rules|0", R"({"truthy":[],"kind":"NotFound"})", "$.errors.rules[0]", "needs a condition"},
                  {"errors|rules|0|kind", "\"NotFoud\"", "$.errors.rules[0].kind", "did you mean `NotFound`?"},
                  {"errors|rules|0|kind", "\"OutcomeUnknown\"", "$.errors.rules[0].kind", "must be one of"},
                  {"errors|rules|0|status", "99", "$.errors.rules[0].status", "100 to 599"},
                  {"errors|rules|0|status", "600", "$.errors.rules[0].status", "100 to 599"},
                  {"errors|rules|0|status", "\"401\"", "$.errors.rules[0].status", "100 to 599"},
                  {"errors|rules|1|status", "[500]", "$.errors.rules[1].status", "two ends"},
                  {"errors|rules|1|status", "[500,600]", "$.errors.rules[1].status[1]", "100 to 599"},
                  {"errors|rules|1|status", "[99,500]", "$.errors.rules[1].status[0]", "100 to 599"},
                  {"errors|rules|1|status", "[599,500]", "$.errors.rules[1].status", "lower end"},
                  {"errors|rules|1|retryable", "1", "$.errors.rules[1].retryable", "true or false"},
                  {"errors|rules|2|equals", "{}", "$.errors.rules[2].equals", "at least one"},
                  {"errors|rules|2|equals", R"({"success":false})", "$.errors.rules[2].equals.success", "JSON pointer"},
                  {"errors|rules|2|equals", R"({"/a":[]})", R"($.errors.rules[2].equals."/a")", "must be null"},
                  {"errors|rules|2|equals", R"({"/a":{}})", R"($.errors.rules[2].equals."/a")", "must be null"},
                  {"errors|rules|3|truthy", R"(["error"])", "$.errors.rules[3].truthy[0]", "JSON pointer"},
                  {"errors|rules|3|truthy", R"(["/a~2"])", "$.errors.rules[3].truthy[0]", "JSON pointer"},
                  {"errors|rules|4|range", "{}", "$.errors.rules[4].range", "at least one"},
                  {"errors|rules|4|range", "[1,2]", "$.errors.rules[4].range", "must be an object"},
                  {"errors|rules|4|range", R"({"status":[1,2]})", "$.errors.rules[4].range.status", "JSON pointer"},
                  {"errors|rules|4|range", R"({"/a":[1]})", R"($.errors.rules[4].range."/a")", "two ends"},
                  {"errors|rules|4|range", R"({"/a":[1,"2"]})", R"($.errors.rules[4].range."/a")", "are integers"},
                  {"errors|rules|4|range", R"({"/a":["1",2]})", R"($.errors.rules[4].range."/a")", "are integers"},
                  {"errors|rules|4|range", R"({"/a":[2,1]})", R"($.errors.rules[4].range."/a")", "lower end"},
                  {"errors|fields", R"(["fields"])", "$.errors.fields[0]", "JSON pointer"},
                  {"errors|message", R"(["message"])", "$.errors.message[0]", "JSON pointer"},
                  {"errors|code", R"(["/a~"])", "$.errors.code[0]", "JSON pointer"},
                  {"errors|field", R"(["a"])", "$.errors.field[0]", "JSON pointer"},
                  {"errors|request_id", R"(["a"])", "$.errors.request_id[0]", "JSON pointer"},
                  {"errors|request_id_header", "\"a b\"", "$.errors.request_id_header", "header name"}});
  expect_accepted("errors|request_id_header", "\"\"");
  expect_accepted("errors|message", R"(["/a~0b/~1/0"])");
}

TEST(Manifest, reads_rate_limits) {
  const RateLimit limit = parse_manifest(kFull)->rate_limit;
  EXPECT_EQ(limit.limit_header, "X-Limit");
  EXPECT_EQ(limit.remaining_header, "X-Remaining");
  EXPECT_EQ(limit.reset_header, "X-Reset");
  EXPECT_EQ(limit.reset_unit, RateLimit::ResetUnit::kSeconds);
  EXPECT_EQ(parse_manifest(changed("rate_limit|reset_unit", "\"epoch_seconds\""))->rate_limit.reset_unit,
            RateLimit::ResetUnit::kEpochSeconds);
  EXPECT_EQ(parse_manifest(changed("rate_limit", ""))->rate_limit.reset_header, "");
}

TEST(Manifest, refuses_rate_limits_that_say_nothing) {
  expect_refused({{"rate_limit", "[]", "$.rate_limit", "must be an object"},
                  {"rate_limit|reset", "\"X\"", "$.rate_limit.reset", "unknown member"},
                  {"rate_limit|reset_header", "", "$.rate_limit.reset_header", "is required"},
                  {"rate_limit|reset_unit", "", "$.rate_limit.reset_unit", "is required"},
                  {"rate_limit|reset_unit", "\"minutes\"", "$.rate_limit.reset_unit", "`epoch_seconds` or `seconds`"},
                  {"rate_limit|limit_header", "\"a b\"", "$.rate_limit.limit_header", "header name"},
                  {"rate_limit|remaining_header", "\"a b\"", "$.rate_limit.remaining_header", "header name"},
                  {"rate_limit|reset_header", "\"a b\"", "$.rate_limit.reset_header", "header name"}});
}

// The full manifest with everything that the ways of reconciling need.
std::string reconciling(std::string_view ways) {
  json::Value document = full();
  for (const char* name : {"payments.get", "payments.list", "payments.cancel", "refunds.create", "refunds.list"})
    document.object()->find("capabilities")->object()->set(name, json::Object());
  document.object()->find("absent")->object()->erase("refunds.create");
  document.object()->set("reconcile", json::parse(ways).value());
  return json::write(document);
}

TEST(Manifest, reads_how_unknown_writes_are_settled) {
  const auto result = parse_manifest(reconciling(
      R"({"payments.create":{"by":"list","window":true,"fetch":true},"refunds.create":{"by":"list","untimed":true},
          "payments.cancel":{"by":"repeat","keys_last_hours":24}})"));
  ASSERT_TRUE(result.ok()) << result.error().message;
  const Reconcile& create = result->reconcile.at("payments.create");
  EXPECT_EQ(create.by, Reconcile::By::kList);
  EXPECT_TRUE(create.window && create.fetch);
  EXPECT_TRUE(result->reconcile.at("refunds.create").untimed);
  EXPECT_EQ(result->reconcile.at("payments.cancel").by, Reconcile::By::kRepeat);
  EXPECT_EQ(result->reconcile.at("payments.cancel").keys_last_hours, 24);
  EXPECT_EQ(
      parse_manifest(reconciling(R"({"payments.create":{"by":"reference"}})"))->reconcile.at("payments.create").by,
      Reconcile::By::kReference);
  EXPECT_TRUE(parse_manifest(kFull)->reconcile.empty());
}

TEST(Manifest, refuses_ways_of_settling_that_do_not_settle) {
  const auto expect = [](std::string_view ways, std::string_view field, std::string_view message) {
    const auto result = parse_manifest(reconciling(ways));
    ASSERT_FALSE(result.ok()) << ways;
    EXPECT_EQ(result.error().field, field) << ways;
    EXPECT_NE(result.error().message.find(message), std::string::npos) << result.error().message;
  };
  const std::string create = "$.reconcile.\"payments.create\"";
  expect(R"([])", "$.reconcile", "must be an object");
  expect(R"({"payments.get":{"by":"list"}})", "$.reconcile.\"payments.get\"", "must be one of payments.create");
  expect(R"({"payments.accept":{"by":"repeat","keys_last_hours":1}})", "$.reconcile.\"payments.accept\"",
         "payments.accept");
  expect(R"({"payments.create":{}})", create + ".by", "is required");
  expect(R"({"payments.create":{"by":"guess"}})", create + ".by", "`reference`, `list` or `repeat`");
  expect(R"({"refunds.create":{"by":"reference"}})", "$.reconcile.\"refunds.create\".by", "`list` or `repeat`");
  expect(R"({"payments.cancel":{"by":"list"}})", "$.reconcile.\"payments.cancel\".by", "must be `repeat`");
  expect(R"({"payments.create":{"by":"repeat"}})", create + ".keys_last_hours", "is required");
  expect(R"({"payments.create":{"by":"repeat","keys_last_hours":0}})", create + ".keys_last_hours", "at least 1");
  expect(R"({"payments.create":{"by":"list","keys_last_hours":1}})", create + ".keys_last_hours", "`repeat` only");
  expect(R"({"payments.create":{"by":"repeat","keys_last_hours":1,"window":true}})", create + ".window",
         "a list of payments");
  expect(R"({"payments.create":{"by":"repeat","keys_last_hours":1,"fetch":true}})", create + ".fetch",
         "a list of payments");
  expect(R"({"payments.create":{"by":"list","untimed":true}})", create + ".untimed", "a list of refunds");
  expect(R"({"payments.create":{"by":"list","soon":true}})", create + ".soon", "unknown member");
  expect_refused(
      {{"reconcile", R"({"payments.create":{"by":"list"}})", create + ".by", "`payments.list`"},
       {"reconcile", R"({"refunds.create":{"by":"list"}})", "$.reconcile.\"refunds.create\"", "`refunds.create`"}});
  std::string keyless = reconciling(R"({"payments.create":{"by":"repeat","keys_last_hours":1}})");
  const std::string header = R"("idempotency":{"header":"Idempotency-Key"})";
  keyless.replace(keyless.find(header), header.size(), R"("idempotency":null)");
  EXPECT_EQ(parse_manifest(keyless).error().field, create + ".by");
}

TEST(Manifest, reads_what_webhooks_there_are) {
  const auto result = parse_manifest(changed(
      "webhooks", R"({"events":{"invoice.paid":"It was paid."},"signed":false,"reason":"Acme signs nothing."})"));
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->webhooks.events.at("invoice.paid"), "It was paid.");
  EXPECT_EQ(result->webhooks.reason, "Acme signs nothing.");
}

TEST(Manifest, reads_how_webhooks_are_signed) {
  const auto named = parse_manifest(
      changed("webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":"github","reason":"On request."})"));
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(named->webhooks.scheme, "github");
  EXPECT_EQ(named->webhooks.secret, "token");
  EXPECT_EQ(named->webhooks.reason, "On request.");
  const auto chosen = parse_manifest(changed("webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":{
      "setting":"kind","values":{"bearer":"github"}}})"));
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_EQ(chosen->webhooks.scheme_setting, "kind");
  EXPECT_EQ(chosen->webhooks.schemes.at("bearer"), "github");
  EXPECT_EQ(parse_manifest(changed("account", R"({"setting":"user"})"))->account_setting, "user");
}

TEST(Manifest, refuses_webhooks_that_cannot_be_received) {
  expect_refused(
      {{"webhooks", "[]", "$.webhooks", "must be an object"},
       {"webhooks", R"({"signed":false,"reason":"x"})", "$.webhooks.events", "is required"},
       {"webhooks", R"({"events":[],"signed":false,"reason":"x"})", "$.webhooks.events", "must be an object"},
       {"webhooks", R"({"events":{"a":""},"signed":false,"reason":"x"})", "$.webhooks.events.a", "not empty"},
       {"webhooks", R"({"events":{"":"x"},"signed":false,"reason":"x"})", R"($.webhooks.events."")", "1 to 255"},
       {"webhooks", R"({"events":{},"reason":"x"})", "$.webhooks.signed", "is required"},
       {"webhooks", R"({"events":{},"signed":true,"reason":"x"})", "$.webhooks.secret", "is required"},
       {"webhooks", R"({"events":{},"signed":false,"reason":"x","secret":"token"})", "$.webhooks.secret", "are signed"},
       {"webhooks", R"({"events":{},"signed":false,"reason":"x","scheme":"github"})", "$.webhooks.scheme",
        "are signed"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"token"})", "$.webhooks.scheme", "is required"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"user","scheme":"github"})", "$.webhooks.secret",
        "\"secret\""},
       {"webhooks", R"({"events":{},"signed":true,"secret":"none","scheme":"github"})", "$.webhooks.secret",
        "`settings`"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":"githib"})", "$.webhooks.scheme",
        "no webhook scheme"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":"mollie"})", "$.webhooks.scheme",
        "verifies nothing"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":{"name":"x"}})", "$.webhooks.scheme",
        "signature"},
       {"webhooks",
        R"({"events":{},"signed":true,"secret":"token","scheme":{"setting":"loose","values":{"a":"github"}}})",
        "$.webhooks.scheme.setting", "default or be required"},
       {"webhooks", R"({"events":{},"signed":true,"secret":"token","scheme":{"setting":"kind","values":{}}})",
        "$.webhooks.scheme.values", "at least one"},
       {"webhooks",
        R"({"events":{},"signed":true,"secret":"token","scheme":{"setting":"kind","values":{"x":"github"}}})",
        "$.webhooks.scheme.values.x", "cannot have"},
       {"account", R"({"setting":"api_key"})", "$.account.setting", "must not be secret"},
       {"account", R"({"setting":"size"})", "$.account.setting", "`string`"},
       {"account", R"({})", "$.account.setting", "is required"},
       {"webhooks", R"({"events":{},"signed":false})", "$.webhooks.reason", "is required"},
       {"webhooks", R"({"events":{},"signed":false,"reason":"x","key":1})", "$.webhooks.key", "unknown member"}});
  const std::string receives = replaced(replaced(std::string(kFull), R"(, "webhooks": "Acme sends none.")", ""),
                                        R"("check": {})", R"("check": {}, "webhooks.receive": {})");
  EXPECT_THAT(parse_manifest(receives).error().message, HasSubstr("needs the member `webhooks`"));
  const std::string described = replaced(
      receives, R"("idempotency":)", R"("webhooks": {"events": {}, "signed": false, "reason": "x"}, "idempotency":)");
  EXPECT_THAT(parse_manifest(described).error().message, HasSubstr("needs `payments.get`"));
  EXPECT_TRUE(parse_manifest(replaced(described, R"("check": {})", R"("check": {}, "payments.get": {})")).ok());
}

TEST(Manifest, refuses_unknown_currencies) {
  expect_refused({{"currencies", "[\"EUR\",\"XQZ\"]", "$.currencies[1]", "unknown currency XQZ"},
                  {"currencies", "[\"eur\"]", "$.currencies[0]", "EUR"},
                  {"currencies", "[\"EUR\",\"EUR\"]", "$.currencies[1]", "twice"},
                  {"currencies", "\"EUR\"", "$.currencies", "must be a list"}});
}

TEST(Manifest, refuses_endless_lists) {
  std::string list = "[\"a0\"";
  for (int i = 1; i <= 1000; ++i) list += ",\"a" + std::to_string(i) + "\"";
  EXPECT_THAT(parse_manifest(changed("reply_secrets", list + "]")).error().message,
              HasSubstr("more than 1000 elements"));
}

}  // namespace
}  // namespace till::plugin
