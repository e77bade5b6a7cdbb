// What the verifier refuses, and with which reason: one promise a test. The misbehaviours of well-known libraries are
// here by name.
#include "core/webhook/verifier.h"

#include <gtest/gtest.h>

#include <string>

#include "core/base/bytes.h"
#include "core/base/limits.h"
#include "core/crypto/digest.h"
#include "core/crypto/ed25519.h"
#include "core/json/json.h"
#include "core/webhook/freshness.h"
#include "tests/crypto/vectors.h"
#include "tests/webhook/scheme_fixture.h"

namespace till::webhook {
namespace {

constexpr UnixMillis kNow = 1'614'265'330'000;
constexpr UnixMillis kWindow = 300'000;
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

HmacKey hmac_key(std::string_view secret, HmacHash hash = HmacHash::kSha256) {
  return HmacKey::create(hash, Secret(secret)).value();
}

std::string standard_signature(const Sent& sent, std::string_view secret = kSecret) {
  std::string text;
  for (const auto& [name, value] : sent.headers)
    if (name == "webhook-id" || name == "webhook-timestamp") text += value + ".";
  const HmacKey key = hmac_key(base64_decode(secret.substr(6)).value());
  return base64_encode(key.sign(text + sent.body).bytes());
}

// As a Standard Webhooks sender signs it.
Sent standard(const std::string& time = "1614265330", const std::string& body = R"({"test": 2432232314})") {
  Sent sent{{{"webhook-id", "msg_1"}, {"webhook-timestamp", time}}, body};
  sent.header("webhook-signature") = "v1," + standard_signature(sent);
  return sent;
}

std::string judge(const Sent& sent, UnixMillis received_at = kNow) {
  return reason_of(verify(verifier_of("standard-webhooks", {kSecret}), sent, received_at));
}

std::string judge_header(const std::string& signature_header) {
  Sent sent = standard();
  sent.header("webhook-signature") = signature_header;
  return judge(sent);
}

TEST(Verifier, says_who_signed_and_what_it_is_worth) {
  const auto verified = verify(verifier_of("standard-webhooks", {"whsec_AAAA", kSecret}), standard(), kNow);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->signature, Verified::Signature::kValid);
  EXPECT_EQ(verified->trust, Verified::Trust::kSigned);
  EXPECT_EQ(verified->key_index, 1u);
  EXPECT_EQ(verified->signed_at, kNow);
  EXPECT_EQ(verified->dedupe_key, "msg_1");
}

// --- The time ---

TEST(Verifier, the_window_has_two_sides_and_its_edges_are_inside) {
  EXPECT_EQ(judge(standard(), kNow + kWindow), "");
  EXPECT_EQ(judge(standard(), kNow + kWindow + 1), "too_old");
  EXPECT_EQ(judge(standard(), kNow - kWindow), "");
  EXPECT_EQ(judge(standard(), kNow - kWindow - 1), "too_new");
}

// stripe-python accepts a time a day ahead.
TEST(Verifier, a_time_a_day_in_the_future_is_refused) {
  EXPECT_EQ(judge(standard(), kNow - 86'400'000), "too_new");
  Sent sent{{}, "{}"};
  sent.header("stripe-signature") = "t=1614265330,v1=" + hex_encode(hmac_key("s").sign("1614265330.{}").bytes());
  const Verifier stripe = verifier_of("stripe", {"s"});
  EXPECT_EQ(reason_of(verify(stripe, sent, kNow)), "");
  EXPECT_EQ(reason_of(verify(stripe, sent, kNow - 86'400'000)), "too_new");
}

// standardwebhooks for Python takes several of these for numbers, PHP and JavaScript "1234abc" and ".7".
TEST(Verifier, a_time_in_any_but_its_canonical_form_is_refused_even_when_signed) {
  for (const std::string time : {".7", "1614265330.7", "1.614265330e9", "+1614265330", "-1614265330", " 1614265330",
                                 "1614265330 ", "1_614_265_330", "01614265330", "1614265330abc", "0x60374b32",
                                 "16142653300000000000000000", "\xd9\xa1", "1614265330\n"})
    EXPECT_EQ(judge(standard(time)), "malformed_time") << time;
  EXPECT_EQ(judge(standard("")), "missing_value");
}

TEST(Verifier, the_time_that_is_judged_is_the_one_that_is_signed) {
  Sent sent = standard("1614260000");
  sent.header("webhook-timestamp") = "1614265330";
  EXPECT_EQ(judge(sent), "mismatch");
}

TEST(Verifier, a_tolerance_stands_in_for_the_window) {
  auto verifier = Verifier::create(find_scheme("standard-webhooks").value(), secrets_of({kSecret}), 1000);
  ASSERT_TRUE(verifier.ok());
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow + 1000)), "");
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow + 1001)), "too_old");
  EXPECT_FALSE(Verifier::create(find_scheme("github").value(), secrets_of({"s"}), 1000).ok());
  EXPECT_FALSE(Verifier::create(find_scheme("stripe").value(), secrets_of({"s"}), -1).ok());
}

TEST(Verifier, extreme_clocks_are_no_way_in) {
  EXPECT_EQ(judge(standard(), INT64_MAX), "too_old");
  EXPECT_EQ(judge(standard(), INT64_MIN), "too_new");
}

TEST(Freshness, units) {
  EXPECT_EQ(read_time("1614265330", Freshness::Unit::kSeconds), kNow);
  EXPECT_EQ(read_time("1614265330000", Freshness::Unit::kMilliseconds), kNow);
  EXPECT_EQ(read_time("2021-02-25T15:02:10Z", Freshness::Unit::kRfc3339), kNow);
  EXPECT_EQ(read_time("2021-02-25T16:02:10.000+01:00", Freshness::Unit::kRfc3339), kNow);
  for (const std::string_view text : {"2021-02-25", "2021-02-25 15:02:10Z", "2021-02-25T15:02:10", "1614265330", ""})
    EXPECT_EQ(read_time(text, Freshness::Unit::kRfc3339), std::nullopt) << text;
}

// --- The secret ---

// Seven libraries of one sender accepted what anybody signs with an empty key.
TEST(Verifier, an_empty_secret_is_a_configuration_error) {
  for (const auto& [name, text] : named_schemes()) {
    Scheme scheme = parse_scheme(text).value();
    if (scheme.method == Scheme::Method::kRefetch) continue;
    const auto verifier = Verifier::create(std::move(scheme), secrets_of({""}));
    ASSERT_FALSE(verifier.ok()) << name;
    EXPECT_EQ(verifier.error().kind, ErrorKind::kConfiguration) << name;
    EXPECT_EQ(verifier.error().field, "$.secrets[0]") << name;
  }
}

TEST(Verifier, a_secret_that_decodes_to_nothing_is_a_configuration_error) {
  for (const std::string secret : {"whsec_", "whsec_!!!", "whsec_AAA", "whsec_ MfKQ"})
    EXPECT_FALSE(Verifier::create(find_scheme("standard-webhooks").value(), secrets_of({secret})).ok()) << secret;
  EXPECT_FALSE(Verifier::create(find_scheme("adyen-item").value(), secrets_of({"zz"})).ok());
}

TEST(Verifier, no_secret_and_too_many_are_configuration_errors) {
  EXPECT_FALSE(Verifier::create(find_scheme("github").value(), {}).ok());
  EXPECT_TRUE(Verifier::create(find_scheme("github").value(), secrets_of(std::vector<std::string>(16, "s"))).ok());
  EXPECT_FALSE(Verifier::create(find_scheme("github").value(), secrets_of(std::vector<std::string>(17, "s"))).ok());
}

// Whoever can read a public key could sign with it, were it an HMAC key.
TEST(Verifier, a_public_key_is_no_shared_secret) {
  const auto verifier = Verifier::create(find_scheme("github").value(),
                                         secrets_of({"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"}));
  ASSERT_FALSE(verifier.ok());
  EXPECT_EQ(verifier.error().kind, ErrorKind::kConfiguration);
}

TEST(Verifier, no_error_repeats_a_secret) {
  for (const std::string_view scheme : {"standard-webhooks", "adyen-item", "wise", "truelayer", "sendgrid"}) {
    const auto verifier = Verifier::create(find_scheme(scheme).value(), secrets_of({"not-a-good-secret!"}));
    ASSERT_FALSE(verifier.ok());
    EXPECT_EQ(verifier.error().message.find("good-secret"), std::string::npos);
  }
}

TEST(Verifier, a_sender_that_signs_nothing_takes_no_secret_and_is_never_trusted) {
  EXPECT_FALSE(Verifier::create(find_scheme("mollie").value(), secrets_of({"s"})).ok());
  const auto verified = verify(verifier_of("mollie", {}), Sent{{}, "id=tr_1"}, kNow);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->signature, Verified::Signature::kNone);
  EXPECT_EQ(verified->trust, Verified::Trust::kRefetch);
  EXPECT_EQ(verified->dedupe_key, "");
}

TEST(Verifier, a_secret_counts_within_its_time_only) {
  std::vector<SecretText> secrets;
  secrets.push_back({.text = Secret(kSecret), .not_before = kNow, .not_after = kNow + 1000});
  const auto verifier = Verifier::create(find_scheme("standard-webhooks").value(), std::move(secrets));
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow)), "");
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow + 1000)), "");
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow + 1001)), "key_not_in_force");
  EXPECT_EQ(reason_of(verify(*verifier, standard(), kNow - 1)), "key_not_in_force");
}

// --- The signature ---

TEST(Verifier, a_request_without_a_signature_has_a_reason_of_its_own) {
  Sent sent = standard();
  sent.headers.pop_back();
  EXPECT_EQ(judge(sent), "missing_signature");
  EXPECT_EQ(judge_header(""), "missing_signature");
  EXPECT_EQ(judge_header("v2,AAAA"), "missing_signature");
}

// Six inputs that leave standardwebhooks for Python as exceptions of other kinds, and base64 with junk, which it takes.
TEST(Verifier, malformed_signatures_are_refused_like_any_other) {
  const std::string good = standard_signature(standard());
  EXPECT_EQ(judge_header("v1," + good), "");
  EXPECT_EQ(judge_header("v1,v1," + good), "malformed_signature") << "three commas";
  EXPECT_EQ(judge_header("v1"), "malformed_signature") << "no comma";
  EXPECT_EQ(judge_header("v1," + good.substr(0, good.size() - 1)), "malformed_signature") << "bad padding";
  EXPECT_EQ(judge_header("v1," + good + "  v1," + good), "malformed_signature") << "double space";
  EXPECT_EQ(judge_header("v1,\xc3\xa9" + good), "malformed_signature") << "non-ASCII signature";
  EXPECT_EQ(judge_header("v1," + good.substr(0, 4) + "!?" + good.substr(4)), "malformed_signature")
      << "base64 with junk";
  EXPECT_EQ(judge_header("v1," + good + "\n"), "malformed_signature");
  EXPECT_EQ(judge_header("v1,"), "malformed_signature");
}

TEST(Verifier, a_body_that_is_no_utf8_is_bytes_like_any_other) {
  EXPECT_EQ(judge(standard("1614265330", "\xff\xfe\x00")), "");
  Sent sent = standard();
  sent.body = "\xff";
  EXPECT_EQ(judge(sent), "mismatch");
}

// The unused bits of base64 are a second spelling of the same bytes.
TEST(Verifier, a_signature_has_one_spelling) {
  std::string good = standard_signature(standard());
  ASSERT_TRUE(good.ends_with('='));
  char& last = good[good.size() - 2];
  last = static_cast<char>(last + 1);
  EXPECT_EQ(judge_header("v1," + good), "malformed_signature");
}

TEST(Verifier, a_truncated_signature_is_refused) {
  const HmacKey key = hmac_key("s");
  const std::string hex = hex_encode(key.sign("{}").bytes());
  const Verifier github = verifier_of("github", {"s"});
  const auto of = [&](const std::string& text) {
    return reason_of(verify(github, Sent{{{"X-Hub-Signature-256", text}}, "{}"}, kNow));
  };
  EXPECT_EQ(of("sha256=" + hex), "");
  for (const std::size_t size : {0u, 2u, 16u, 62u}) EXPECT_NE(of("sha256=" + hex.substr(0, size)), "") << size;
  EXPECT_EQ(of("sha256=" + hex + "00"), "mismatch");
  EXPECT_EQ(of(hex), "malformed_signature") << "without its prefix";
  EXPECT_EQ(of("sha1=" + hex), "malformed_signature");
}

// Every candidate is looked at, and with every secret.
TEST(Verifier, any_of_several_signatures_and_secrets_will_do) {
  const std::string good = standard_signature(standard());
  EXPECT_EQ(judge_header("v1,AAAA v1," + good), "");
  EXPECT_EQ(judge_header("v1," + good + " v1,AAAA"), "");
  EXPECT_EQ(judge_header("v1a,AAAA v1," + good + " v2,x"), "");
  EXPECT_EQ(judge_header("v1,AAAA v1,BBBB"), "mismatch");
  for (const std::vector<std::string>& secrets :
       {std::vector<std::string>{kSecret, "whsec_AAAA"}, {"whsec_AAAA", kSecret}})
    EXPECT_EQ(reason_of(verify(verifier_of("standard-webhooks", secrets), standard(), kNow)), "");
}

TEST(Verifier, a_signature_of_another_version_does_not_count) {
  const std::string good = standard_signature(standard());
  EXPECT_EQ(judge_header("v0," + good), "missing_signature");
  EXPECT_EQ(judge_header("v1a," + good), "missing_signature");
}

TEST(Verifier, a_header_that_stands_twice_is_refused) {
  for (const std::string_view name : {"webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"}) {
    Sent sent = standard();
    sent.headers.emplace_back(name, "1614265330");
    EXPECT_EQ(judge(sent), "repeated_header") << name;
  }
}

TEST(Verifier, a_signed_field_that_stands_twice_is_refused) {
  Sent sent{{}, "{}"};
  const std::string signature = hex_encode(hmac_key("s").sign("1614265330.{}").bytes());
  sent.header("stripe-signature") = "t=1,t=1614265330,v1=" + signature;
  EXPECT_EQ(reason_of(verify(verifier_of("stripe", {"s"}), sent, kNow)), "malformed_signature");
  sent.header("stripe-signature") = "t=1614265330,v0=a,v0=b,v1=" + signature;
  EXPECT_EQ(reason_of(verify(verifier_of("stripe", {"s"}), sent, kNow)), "") << "other versions may repeat";
}

TEST(Verifier, header_names_come_in_any_case) {
  Sent sent = standard();
  for (auto& [name, value] : sent.headers)
    for (char& c : name) c = static_cast<char>(c == '-' ? c : c - 'a' + 'A');
  EXPECT_EQ(judge(sent), "");
}

// --- Limits ---

TEST(Verifier, a_header_beyond_8_kib_is_refused_before_any_work) {
  Sent sent = standard();
  sent.header("webhook-signature").resize(kMaxSignatureBytes + 1, 'A');
  EXPECT_EQ(judge(sent), "too_large");
  sent = standard();
  sent.header("webhook-id").resize(kMaxSignatureBytes + 1, 'A');
  EXPECT_EQ(judge(sent), "too_large");
}

TEST(Verifier, a_signature_in_the_body_has_the_same_limit) {
  const Sent sent{{}, R"({"id": "ch_1", "hashed_order": ")" + std::string(kMaxSignatureBytes + 1, 'a') + R"("})"};
  EXPECT_EQ(reason_of(verify(verifier_of("opennode", {"key"}), sent, kNow)), "too_large");
}

TEST(Verifier, more_than_32_parts_are_refused) {
  const std::string good = standard_signature(standard());
  std::string header = "v1," + good;
  for (std::size_t i = 1; i < kMaxSignatureParts; ++i) header += " v1,AAAA";
  EXPECT_EQ(judge_header(header), "");
  EXPECT_EQ(judge_header(header + " v1,AAAA"), "too_many");
}

TEST(Verifier, a_body_beyond_1_mib_is_refused_and_never_cut) {
  EXPECT_EQ(judge(standard("1614265330", std::string(kMaxSignedBodyBytes, 'x'))), "");
  EXPECT_EQ(judge(standard("1614265330", std::string(kMaxSignedBodyBytes + 1, 'x'))), "too_large");
}

TEST(Verifier, more_than_256_headers_are_refused) {
  Sent sent = standard();
  for (std::size_t i = sent.headers.size(); i < kMaxHeaderFields; ++i) sent.headers.emplace_back("x", "y");
  EXPECT_EQ(judge(sent), "");
  sent.headers.emplace_back("x", "y");
  EXPECT_EQ(judge(sent), "too_many");
}

// --- What a signature is worth ---

// Adyen's field list leaves out what stands beside it; OpenNode signs an id alone.
TEST(Verifier, a_signature_over_parts_leads_to_a_refetch) {
  const std::string signature = hex_encode(hmac_key("key").sign("ch_1").bytes());
  const Sent sent{{}, R"({"id": "ch_1", "status": "paid", "hashed_order": ")" + signature + R"("})"};
  const auto verified = verify(verifier_of("opennode", {"key"}), sent, kNow);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->signature, Verified::Signature::kValid);
  EXPECT_EQ(verified->trust, Verified::Trust::kRefetch);
}

// Twilio's formula: fields cut at another place have the same signature.
TEST(Verifier, a_signature_over_a_sorted_form_leads_to_a_refetch) {
  const std::string signed_text = "https://shop.example/hookAmount10Status2";
  const std::string signature = base64_encode(hmac_key("key", HmacHash::kSha1).sign(signed_text).bytes());
  for (const char* body :
       {"Amount=10&Status=2", "Amount=10Status2", "Amount10=&Status=2", "Amount=10&Status=2&Amount=10"}) {
    const Sent sent{{{"X-Twilio-Signature", signature}}, body, "https://shop.example/hook"};
    const auto verified = verify(verifier_of("twilio", {"key"}), sent, kNow);
    ASSERT_TRUE(verified.ok()) << verified.error().message;
    EXPECT_EQ(verified->trust, Verified::Trust::kRefetch) << body;
  }
}

TEST(Verifier, every_scheme_that_signs_less_than_the_body_leads_to_a_refetch) {
  for (const std::string_view name :
       {"opennode", "midtrans", "mercado-pago", "mollie", "xendit", "moov", "adyen-item", "twilio"}) {
    const Scheme scheme = find_scheme(name).value();
    EXPECT_NE(scheme.covers, Covers::kBody) << name;
  }
}

TEST(Verifier, a_token_says_who_and_not_what) {
  const Verifier xendit = verifier_of("xendit", {"other", "token"});
  const auto verified = verify(xendit, Sent{{{"X-Callback-Token", "token"}}, "{}"}, kNow);
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->signature, Verified::Signature::kToken);
  EXPECT_EQ(verified->trust, Verified::Trust::kRefetch);
  EXPECT_EQ(verified->key_index, 1u);
  for (const std::string_view word : {"tokem", "toke", "tokenn", "TOKEN"})
    EXPECT_EQ(reason_of(verify(xendit, Sent{{{"X-Callback-Token", std::string(word)}}, "{}"}, kNow)), "mismatch");
  EXPECT_EQ(reason_of(verify(xendit, Sent{{}, "{}"}, kNow)), "missing_signature");
}

// --- The dedupe key ---

TEST(Verifier, the_dedupe_key_never_comes_from_the_signature) {
  const std::string good = standard_signature(standard());
  const Verifier verifier = verifier_of("standard-webhooks", {kSecret});
  Sent sent = standard();
  sent.header("webhook-signature") = "v1,AAAA v1," + good;
  EXPECT_EQ(verify(verifier, sent, kNow)->dedupe_key, verify(verifier, standard(), kNow)->dedupe_key);
}

TEST(Verifier, the_dedupe_key_is_the_events_id_or_the_digest_of_what_is_signed) {
  const auto stripe = [](const std::string& body) {
    Sent sent{{}, body};
    sent.header("stripe-signature") = "t=1614265330,v1=" + hex_encode(hmac_key("s").sign("1614265330." + body).bytes());
    return verify(verifier_of("stripe", {"s"}), sent, kNow)->dedupe_key;
  };
  EXPECT_EQ(stripe(R"({"id": "evt_1"})"), "evt_1");
  EXPECT_EQ(stripe("{}"), "sha256:" + hex_encode(byte_view(sha256("1614265330.{}"))));
  EXPECT_EQ(stripe("no JSON"), "sha256:" + hex_encode(byte_view(sha256("1614265330.no JSON"))));
  EXPECT_EQ(stripe(R"({"id": {"a": 1}})"), "sha256:" + hex_encode(byte_view(sha256(R"(1614265330.{"id": {"a": 1}})"))));
}

// --- Keys by name ---

TEST(Verifier, a_named_key_is_the_only_one_tried) {
  std::vector<SecretText> secrets;
  secrets.push_back({.text = Secret("one"), .id = "k1"});
  secrets.push_back({.text = Secret("two"), .id = "k2"});
  const auto worldpay = Verifier::create(find_scheme("worldpay").value(), std::move(secrets));
  const std::string by_two = hex_encode(hmac_key("two").sign("{}").bytes());
  const auto of = [&](const std::string& header) {
    return reason_of(verify(*worldpay, Sent{{{"Event-Signature", header}}, "{}"}, kNow));
  };
  EXPECT_EQ(of("k2/SHA256/" + by_two), "");
  EXPECT_EQ(of("k1/SHA256/" + by_two), "mismatch");
  EXPECT_EQ(of("k9/SHA256/" + by_two), "unknown_key");
  EXPECT_EQ(of("k1/SHA256/" + by_two + ",k2/SHA256/aa"), "mismatch") << "each signature is its own key's";
  EXPECT_EQ(of("k1/SHA256/aa,k2/SHA256/" + by_two), "");
  EXPECT_EQ(of("k2/MD5/" + by_two), "unexpected_algorithm");
  EXPECT_EQ(of("k2/SHA256"), "malformed_signature");
}

// --- JSON Web Signatures ---

TEST(Verifier, a_jws_never_chooses_the_algorithm_or_the_key) {
  const json::Value file = load_vectors("wycheproof/ecdsa_secp521r1_sha512_p1363_test.json");
  const json::Value& group = cases_of(file, "testGroups").front();
  const Verifier truelayer = verifier_of("truelayer", {json::write(*group.find("publicKeyJwk"))});
  const auto judge_jws = [&](const std::string& header, const std::string& rest = "..AAAA") {
    Sent sent{{{"Tl-Signature", base64url_encode(header) + rest}}, "{}", "https://shop.example/", "POST"};
    return reason_of(verify(truelayer, sent, kNow));
  };
  for (const std::string algorithm : {"none", "HS512", "ES256", "es512", ""})
    EXPECT_EQ(judge_jws(R"({"kid": "k", "alg": ")" + algorithm + R"("})"), "unexpected_algorithm") << algorithm;
  EXPECT_EQ(judge_jws(R"({"kid": "k"})"), "unexpected_algorithm");
  EXPECT_EQ(judge_jws(R"({"alg": "ES512"})"), "missing_value") << "no key id";
  EXPECT_EQ(judge_jws(R"({"alg": "ES512", "kid": "another"})"), "unknown_key");
  EXPECT_EQ(judge_jws(R"({"alg": "ES512", "kid": "k", "crit": ["b64"]})"), "malformed_signature");
  EXPECT_EQ(judge_jws(R"([])"), "malformed_signature");
  EXPECT_EQ(judge_jws(R"({"alg": "ES512"})", ".e30.AAAA"), "malformed_signature") << "a payload of its own";
}

}  // namespace
}  // namespace till::webhook
