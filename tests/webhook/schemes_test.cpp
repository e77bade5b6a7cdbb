// The named schemes, and what a scheme may not say.
#include "core/webhook/schemes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/json/json.h"
#include "tests/webhook/scheme_fixture.h"

namespace till::webhook {
namespace {

TEST(NamedSchemes, every_one_is_read_under_its_own_name) {
  EXPECT_GE(named_schemes().size(), 60u);
  for (const auto& [name, text] : named_schemes()) {
    const auto scheme = parse_scheme(text);
    ASSERT_TRUE(scheme.ok()) << name << ": " << scheme.error().message;
    EXPECT_EQ(scheme->name, name);
  }
}

TEST(NamedSchemes, are_sorted_and_no_two_have_one_name) {
  const auto all = named_schemes();
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end(), [](auto& a, auto& b) { return a.first == b.first; }), all.end());
}

// A plain hash with the secret inside, and SHA-1 chosen by nobody but the sender, are marked.
TEST(NamedSchemes, plain_hashes_are_marked_legacy) {
  for (const auto& [name, text] : named_schemes()) {
    const auto scheme = parse_scheme(text);
    const json::Value document = json::parse(text).value();
    if (scheme->method == Scheme::Method::kSignature && is_plain_hash(scheme->algorithm)) {
      EXPECT_EQ(document.find_string("status"), "legacy") << name;
    }
  }
}

TEST(NamedSchemes, an_unknown_name_is_not_found) {
  const auto scheme = find_scheme("strip");
  ASSERT_FALSE(scheme.ok());
  EXPECT_EQ(scheme.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(scheme.error().code, "unknown_scheme");
}

// A scheme that is good, with one member replaced: "" removes it.
std::string changed(std::string_view key, std::string_view value) {
  json::Value scheme =
      json::parse(R"({"name": "test", "signature": {"header": "x-sig", "format": "pairs", "pick": "v1"},
      "signed": [{"field": "t"}, {"text": "."}, "body"], "algorithm": "hmac-sha256", "key": "utf8", "encoding": "hex",
      "freshness": {"from": {"field": "t"}, "unit": "seconds", "past": 300, "future": 300}, "signed_covers": "body",
      "dedupe": {"json": "/id"}})")
          .value();
  if (value.empty())
    scheme.object()->erase(key);
  else
    scheme.object()->set(key, json::parse(value).value());
  return json::write(scheme);
}

struct Refused {
  std::string key, value, field;
};

void PrintTo(const Refused& refused, std::ostream* out) { *out << refused.key << " " << refused.value; }

class RefusedScheme : public testing::TestWithParam<Refused> {};

TEST_P(RefusedScheme, says_where) {
  const auto scheme = parse_scheme(changed(GetParam().key, GetParam().value));
  ASSERT_FALSE(scheme.ok());
  EXPECT_EQ(scheme.error().kind, ErrorKind::kConfiguration);
  EXPECT_EQ(scheme.error().code, "webhook_scheme");
  EXPECT_EQ(scheme.error().field, GetParam().field) << scheme.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Webhook, RefusedScheme,
    testing::Values(
        Refused{"surprise", "1", "$.surprise"}, Refused{"name", "", "$"}, Refused{"freshness", "", "$"},
        Refused{"dedupe", "", "$"}, Refused{"signed_covers", "", "$"}, Refused{"algorithm", "", "$"},
        Refused{"algorithm", R"("none")", "$.algorithm"}, Refused{"algorithm", R"("hmac-md5")", "$.algorithm"},
        Refused{"algorithm", R"(["hmac-sha256", "hmac-sha1"])", "$.algorithm"}, Refused{"key", R"("pem")", "$.key"},
        Refused{"algorithm", R"("rsa-pkcs1-sha256")", "$.key"}, Refused{"algorithm", R"("sha256")", "$.signed"},
        Refused{"signed", R"([{"field": "t"}, "body", "secret"])", "$.signed"}, Refused{"signed", "[]", "$.signed"},
        Refused{"signed", R"([{"field": "t"}, "bdoy"])", "$.signed[1]"},
        Refused{"signed", R"([{"field": "t"}, {"text": "."}])", "$.signed_covers"},
        Refused{"signed", R"([{"field": "t"}, "sorted_form"])", "$.signed_covers"},
        Refused{"signed", R"(["body"])", "$.freshness"},
        Refused{"signed", R"([{"if_present": [{"field": "t"}, {"header": "x-id"}]}, "body"])", "$.freshness"},
        Refused{"signed", R"([{"header": "X-Upper"}, {"field": "t"}, "body"])", "$.signed[0].header"},
        Refused{"signed", R"([{"if_present": [{"if_present": ["body"]}]}])", "$.signed[0].if_present[0].if_present"},
        Refused{"freshness", R"("sometimes")", "$.freshness"},
        Refused{"freshness", R"({"from": {"field": "t"}, "unit": "seconds", "past": -1, "future": 0})",
                "$.freshness.past"},
        Refused{"freshness", R"({"from": {"field": "t"}, "unit": "hours", "past": 1, "future": 1})",
                "$.freshness.unit"},
        Refused{"freshness", R"({"from": {"header": "x-time"}, "unit": "seconds", "past": 1, "future": 1})",
                "$.freshness"},
        Refused{"dedupe", R"({"header": "x-event-id"})", "$.dedupe"},
        Refused{"signed_covers", R"("nothing")", "$.signed_covers"}, Refused{"verify", R"("token")", "$"},
        Refused{"signature", R"({"header": "x-sig", "json": "/sig"})", "$.signature"},
        Refused{"signature", R"({"format": "raw"})", "$.signature"},
        Refused{"signature", R"({"header": "x-sig", "format": "pairs"})", "$.signature"},
        Refused{"signature", R"({"header": "x-sig", "format": "jws"})", "$.algorithm"},
        Refused{"signature", R"({"header": "x-sig", "format": "keyed", "layout": ["signature"]})",
                "$.signature.layout"}));

TEST(SchemeReader, text_that_is_no_json_is_a_configuration_error) {
  for (const std::string_view text : {"", "{", "[]", "7", "\xff"}) {
    const auto scheme = parse_scheme(text);
    ASSERT_FALSE(scheme.ok());
    EXPECT_EQ(scheme.error().kind, ErrorKind::kConfiguration);
  }
}

}  // namespace
}  // namespace till::webhook
