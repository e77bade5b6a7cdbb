// Signing: what is filled in, what is kept, and what only the caller can know. That peers accept what is signed stands
// in vectors_test.cpp and in tests/python.
#include "core/webhook/signer.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/webhook/scheme_fixture.h"

namespace till::webhook {
namespace {

constexpr UnixMillis kSigningTime = 1'614'265'330'123;
constexpr const char* kWhsec = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Result<Draft> sign_with(std::string_view scheme, Draft draft, const SignOptions& options = {},
                        const std::string& secret = "secret", const std::string& id = "") {
  const Scheme parsed = scheme.starts_with('{') ? parse_scheme(scheme).value() : find_scheme(scheme).value();
  return sign(parsed, SecretText{.text = Secret(secret), .id = id}, std::move(draft), options,
              ManualClock(kSigningTime));
}

// The reason for which the verifier refuses what was signed; "" when it does not.
std::string judged(std::string_view scheme, const Draft& draft, const std::string& secret = "secret",
                   UnixMillis at = kSigningTime) {
  return reason_of(verify(verifier_of(scheme, {secret}), Sent{draft.headers, draft.body, draft.url, draft.method}, at));
}

std::string value_of(const Draft& draft, std::string_view name) {
  for (const auto& [known, value] : draft.headers)
    if (known == name) return value;
  return "<absent>";
}

std::string place_of(const Result<Draft>& result) { return result.ok() ? "" : result.error().field; }

TEST(Signer, the_time_and_the_id_are_filled_in) {
  const auto made = sign_with("standard-webhooks", {{}, "{}"}, {}, kWhsec);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(value_of(*made, "webhook-timestamp"), "1614265330");
  EXPECT_TRUE(value_of(*made, "webhook-id").starts_with("msg_"));
  EXPECT_EQ(judged("standard-webhooks", *made, kWhsec), "");
}

TEST(Signer, what_the_draft_has_is_kept) {
  const Draft draft{{{"Webhook-Id", "msg_7"}, {"webhook-timestamp", "1614265000"}, {"x-other", "1"}}, "{}"};
  const auto made = sign_with("standard-webhooks", draft, {}, kWhsec);
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(std::vector(made->headers.begin(), made->headers.begin() + 3), draft.headers);
  EXPECT_EQ(made->headers.size(), 4u);
}

TEST(Signer, a_given_time_replaces_the_one_in_the_draft) {
  const auto made =
      sign_with("stripe", {{{"Stripe-Signature", "t=5,v0=aa,v1=bb,v2=cc"}}, "{}"}, {.signed_at = kSigningTime});
  ASSERT_TRUE(made.ok());
  const std::string text = value_of(*made, "Stripe-Signature");
  EXPECT_TRUE(text.starts_with("t=1614265330,v0=aa,v1=")) << text;
  EXPECT_TRUE(text.ends_with(",v2=cc")) << text;
  EXPECT_EQ(judged("stripe", *made), "");
}

TEST(Signer, times_are_in_the_schemes_unit) {
  EXPECT_EQ(value_of(*sign_with("cashfree", {{}, "{}"}), "x-webhook-timestamp"), "1614265330123");
  const std::string rfc3339 =
      R"({"name": "t", "signature": {"header": "x-sig"}, "signed": [{"header": "x-time"}, "body"],
          "algorithm": "hmac-sha256", "key": "utf8", "encoding": "base64", "signed_covers": "body", "dedupe": "none",
          "freshness": {"from": {"header": "x-time"}, "unit": "rfc3339", "past": 60, "future": 60}})";
  const auto made = sign_with(rfc3339, {{}, "{}"});
  EXPECT_EQ(value_of(*made, "x-time"), "2021-02-25T15:02:10.123Z");
  EXPECT_EQ(judged(rfc3339, *made), "");
}

TEST(Signer, one_wrong_bit_is_a_mismatch) {
  for (const std::string_view scheme : {"stripe", "github", "xendit"}) {
    EXPECT_EQ(judged(scheme, *sign_with(scheme, {{}, "{}"})), "");
    EXPECT_EQ(judged(scheme, *sign_with(scheme, {{}, "{}"}, {.valid = false})), "mismatch");
  }
}

TEST(Signer, a_signature_in_the_body_is_put_there) {
  const auto json = sign_with("opennode", {{}, R"({"id": "1", "amount": 1.50})"});
  EXPECT_TRUE(json->body.starts_with(R"({"id":"1","amount":1.50,"hashed_order":")")) << json->body;
  EXPECT_EQ(judged("opennode", *json), "");
  const auto nested = sign_with("adyen-item", {{}, R"({"pspReference": "7"})"}, {}, "44782DEF");
  EXPECT_EQ(judged("adyen-item", *nested, "44782DEF"), "");
  const auto form = sign_with("opennode-form", {{}, "hashed_order=old&id=a%20b&x=%zz"});
  EXPECT_EQ(place_of(form), "$") << "a form that no verifier would read";
  const auto good = sign_with("opennode-form", {{}, "hashed_order=old&id=a%20b"});
  EXPECT_TRUE(good->body.starts_with("id=a%20b&hashed_order=")) << good->body;
  EXPECT_EQ(judged("opennode-form", *good), "");
  EXPECT_EQ(place_of(sign_with("opennode", {{}, "no JSON"})), "$.body");
  EXPECT_EQ(place_of(sign_with("adyen-item", {{}, R"({"additionalData": 1})"}, {}, "44")), "$.body");
}

TEST(Signer, a_signature_in_the_url_is_put_there) {
  const std::string scheme = R"({"name": "q", "signature": {"query": "sig"}, "signed": ["body"],
      "algorithm": "hmac-sha256", "key": "utf8", "encoding": "base64", "freshness": "none", "signed_covers": "body",
      "dedupe": "none"})";
  Draft draft{{}, "{}"};
  draft.url = "https://shop.example/hook?a=1&sig=old#end";
  const auto made = sign_with(scheme, draft);
  EXPECT_TRUE(made->url.starts_with("https://shop.example/hook?a=1&sig=")) << made->url;
  EXPECT_TRUE(made->url.ends_with("#end")) << made->url;
  EXPECT_EQ(judged(scheme, *made), "");
}

TEST(Signer, a_signature_cannot_be_part_of_what_it_signs) {
  for (const std::string parts :
       {R"({"json": "/sig"}, "signed": ["body"])", R"({"query": "sig"}, "signed": ["url", "body"])",
        R"({"form": "sig"}, "signed": ["sorted_form"])"}) {
    const std::string scheme = R"({"name": "t", "signature": )" + parts +
                               R"(, "algorithm": "hmac-sha256", "key": "utf8", "encoding": "hex", "freshness": "none",
                                    "signed_covers": "partial", "dedupe": "none"})";
    EXPECT_EQ(place_of(sign_with(scheme, {{}, "{}", "https://shop.example/"})), "$.scheme") << parts;
  }
}

TEST(Signer, the_key_is_named_by_the_secrets_id) {
  const auto made = sign_with("worldpay", {{}, "{}"}, {}, "secret", "k1");
  EXPECT_TRUE(value_of(*made, "event-signature").starts_with("k1/SHA256/"));
  EXPECT_EQ(judged("worldpay", *made), "");
  EXPECT_EQ(place_of(sign_with("worldpay", {{}, "{}"})), "$.secret");
}

TEST(Signer, listed_headers_are_those_of_the_draft) {
  const auto made = sign_with("coinbase-cdp", {{{"x-one", "1"}, {"x-two", "2"}}, "{}"});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_TRUE(value_of(*made, "x-hook0-signature").starts_with("t=1614265330,h=x-one x-two,v1="));
  EXPECT_EQ(judged("coinbase-cdp", *made), "");
  EXPECT_EQ(place_of(sign_with("coinbase-cdp", {{}, "{}"})), "$.headers");
}

TEST(Signer, what_only_the_sender_knows_is_asked_for) {
  const auto header = sign_with("moov", {{{"x-timestamp", "5"}}, "{}"});
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_NE(header.error().message.find("`x-nonce`"), std::string::npos) << header.error().message;
  const auto field = sign_with("paymongo-test", {{}, "{}"});
  ASSERT_FALSE(field.ok());
  EXPECT_NE(field.error().message.find("`paymongo-signature` as `t=...`"), std::string::npos) << field.error().message;
  EXPECT_TRUE(sign_with("paymongo-test", {{{"Paymongo-Signature", "t=5"}}, "{}"}).ok());
  EXPECT_EQ(place_of(sign_with("square", {{}, "{}"})), "$.url");
  EXPECT_EQ(place_of(sign_with("stripe", {{{"stripe-signature", "nonsense"}}, "{}"})), "$.headers");
}

TEST(Signer, a_time_or_an_id_without_a_place_is_refused) {
  EXPECT_EQ(place_of(sign_with("github", {{}, "{}"}, {.signed_at = kSigningTime})), "$.at");
  EXPECT_EQ(place_of(sign_with("stripe", {{}, "{}"}, {.signed_at = -1})), "$.at");
  EXPECT_EQ(place_of(sign_with("stripe", {{}, "{}"}, {.id = "evt_1"})), "$.id");
  EXPECT_EQ(value_of(*sign_with("svix", {{}, "{}"}, {.id = "msg_1"}, kWhsec), "svix-id"), "msg_1");
}

TEST(Signer, secrets_in_the_wrong_form_are_refused_and_not_repeated) {
  for (const auto& [scheme, secret] :
       {std::pair("github", ""), std::pair("svix", "whsec_!hidden"), std::pair("adyen-item", "hidden"),
        std::pair("wise", "hidden"), std::pair("svix-ed25519", "whsk_AAAA"), std::pair("svix-ed25519", "")}) {
    const auto made = sign_with(scheme, {{}, "{}"}, {}, secret);
    ASSERT_FALSE(made.ok()) << scheme;
    EXPECT_EQ(made.error().kind, ErrorKind::kConfiguration);
    EXPECT_EQ(made.error().field, "$.secret");
    EXPECT_EQ(made.error().message.find("hidden"), std::string::npos);
  }
}

TEST(Signer, a_sender_that_signs_nothing_takes_no_secret) {
  const Scheme mollie = find_scheme("mollie").value();
  const auto made = sign(mollie, std::nullopt, {{}, "id=1"}, {}, ManualClock(kSigningTime));
  EXPECT_EQ(made->body, "id=1");
  EXPECT_EQ(place_of(sign_with("mollie", {{}, "id=1"})), "$.secret");
  EXPECT_EQ(place_of(sign(find_scheme("github").value(), std::nullopt, {{}, ""}, {}, ManualClock(kSigningTime))),
            "$.secret");
}

}  // namespace
}  // namespace till::webhook
