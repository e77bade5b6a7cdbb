// What leaves: the right address, headers and signature; and what is refused before anything leaves.
#include <gmock/gmock.h>

#include <atomic>

#include "core/base/encoding.h"
#include "core/crypto/ecdsa.h"
#include "core/runtime/engine.h"
#include "core/runtime/operation.h"
#include "tests/http/stub_server.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;
using testing::Not;

class RequestsTest : public AcmeTest {};

TEST_F(RequestsTest, carry_the_gateways_key_and_the_manifests_headers) {
  const auto exchange = begin("payments.create", kPay);
  const http::Request& request = *exchange->request();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, "https://api.acme.example/v1/payments");
  EXPECT_EQ(request.headers.find("X-Api-Key"), "Key sk_live_SECRET123");
  EXPECT_EQ(request.headers.find("X-Version"), "2");
  EXPECT_EQ(request.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(request.body, R"({"amount":48.25,"currency":"EUR","note":"none","reference":"1234"})");
}

TEST_F(RequestsTest, go_to_the_address_of_the_mode_or_to_the_given_one) {
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","mode":"test"})");
  EXPECT_EQ(begin("check", "{}")->request()->url, "https://test.acme.example/v1/me");
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","base_url":"http://127.0.0.1:8080/x/"})");
  EXPECT_EQ(begin("check", "{}")->request()->url, "http://127.0.0.1:8080/x/me");
}

TEST_F(RequestsTest, have_path_and_query_encoded) {
  EXPECT_EQ(begin("native.getThing", R"({"id":"a/b?c#d e"})")->request()->url,
            "https://api.acme.example/v1/things/a%2Fb%3Fc%23d%20e");
  EXPECT_EQ(begin("payments.list", R"({"limit":5})")->request()->url, "https://api.acme.example/v1/payments?limit=5");
}

TEST_F(RequestsTest, fill_a_secret_into_the_path_where_the_manifest_allows_it) {
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","token":"to/ken"})");
  EXPECT_EQ(begin("tokens.create", "{}")->request()->url, "https://api.acme.example/v1/tokens/to%2Fken");
}

TEST_F(RequestsTest, that_need_a_missing_setting_say_which_and_leave_no_record) {
  auto exchange = shop_->begin("tokens.create", "{}");
  ASSERT_TRUE(exchange.ok());
  ASSERT_EQ((*exchange)->request(), nullptr);
  EXPECT_EQ((*exchange)->result().error().kind, ErrorKind::kConfiguration);
  EXPECT_EQ((*exchange)->result().error().field, "$.token");
}

class RepeatTest : public AcmeTest {
 protected:
  // How the client is to send the first request of this operation.
  http::SendOptions options_of(std::string_view operation, std::string_view input) {
    const auto engine = runtime_->engine().value();
    const auto prepared = Operation::prepare(shop_, operation, input, engine->store()).value();
    while (prepared->need() == Operation::Need::kStore) prepared->stored(engine->store().run(prepared->store_task()));
    return prepared->send_options();
  }
  // Whether it may be sent again after it broke on the way.
  bool repeatable(std::string_view operation, std::string_view input) {
    const http::SendOptions options = options_of(operation, input);
    return options.repeatable && !options.once;
  }
  bool check_is_repeatable(std::string_view request, std::string_view manifest = kAcmeManifest) {
    open_variant(manifest, R"({"api_key":"sk_live_SECRET123"})", replaced(kAcmeScript, R"(http.get("/me"))", request));
    return repeatable("check", "{}");
  }
  const std::string keyed_ = replaced(kAcmeManifest, R"("idempotency": null)", R"("idempotency": {"header": "Key"})");
};

TEST_F(RepeatTest, is_for_requests_that_the_script_calls_reads_whatever_their_method) {
  EXPECT_TRUE(check_is_repeatable(R"(http.get("/me"))"));
  EXPECT_TRUE(check_is_repeatable(R"(http.post("/me", {read = true}))"));
  EXPECT_FALSE(check_is_repeatable(R"(http.get("/me", {read = false}))"));
  EXPECT_FALSE(check_is_repeatable(R"(http.post("/me"))"));
  EXPECT_FALSE(check_is_repeatable(R"(http.post("/me"))", keyed_)) << "no key goes along with what is no write";
}

TEST_F(RepeatTest, of_a_write_needs_a_provider_that_knows_its_key) {
  EXPECT_FALSE(repeatable("payments.create", kPay));
  open_variant(keyed_);
  const auto exchange = begin("native.setThing", R"({"x":1,"idempotency_key":"k1"})");
  EXPECT_EQ(exchange->request()->headers.find("Key"), "k1");
  EXPECT_TRUE(repeatable("native.setThing", R"({"x":1,"idempotency_key":"k2"})"));
}

TEST_F(RepeatTest, of_a_write_needs_an_address_that_knows_its_key) {
  open_variant(keyed_, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, R"(http.post("/payments", {json = body}))",
                        R"(http.post("/payments", {json = body, idempotent = false}))"));
  EXPECT_EQ(begin("payments.create", kPay)->request()->headers.find("Key"), std::nullopt);
  EXPECT_FALSE(repeatable("payments.create", kPay));
}

TEST_F(RepeatTest, is_not_for_bytes_that_are_good_for_one_time) {
  EXPECT_FALSE(check_is_repeatable(R"(http.get("/me", {once = true}))"));
  EXPECT_FALSE(check_is_repeatable(R"(http.post("/me", {read = true, once = true}))"));
  EXPECT_TRUE(check_is_repeatable(R"(http.post("/me", {read = true, once = false}))"));
  open_variant(keyed_, R"({"api_key":"sk_live_SECRET123"})",
               replaced(kAcmeScript, R"(http.post("/payments", {json = body}))",
                        R"(http.post("/payments", {json = body, once = true}))"));
  EXPECT_FALSE(repeatable("payments.create", kPay)) << "although a key goes along";
}

TEST_F(RepeatTest, of_what_is_sent_once_is_left_to_another_call) {
  std::atomic<int> asked = 0;
  http::StubServer server([&](http::Peer& peer) {
    while (!peer.read_request().empty()) {
      if (++asked % 2 == 1) return peer.reset();
      peer.answer("{}");
    }
  });
  const std::string settings = json::write(json::Object{
      {"api_key", "sk_live_SECRET123"}, {"base_url", "http://127.0.0.1:" + std::to_string(server.port())}});
  open_variant(kAcmeManifest, settings,
               replaced(kAcmeScript, R"(http.get("/me"))", R"(http.get("/me", {once = true}))"));
  const auto lost = shop_->call("check", "{}");
  ASSERT_FALSE(lost.ok());
  EXPECT_EQ(lost.error().kind, ErrorKind::kTransport);
  EXPECT_EQ(lost.error().sent, Sent::kMaybe);
  EXPECT_TRUE(lost.error().retryable);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(shop_->call("check", "{}").ok());
  EXPECT_EQ(asked, 2);
  open_variant(kAcmeManifest, settings);
  EXPECT_TRUE(shop_->call("check", "{}").ok()) << "other reads are repeated";
  EXPECT_EQ(asked, 4);
}

TEST_F(RequestsTest, that_are_made_with_get_may_be_writes_all_the_same) {
  const std::string script =
      replaced(kAcmeScript, R"(http.post("/payments", {json = body}))", R"(http.get("/pay", {read = false}))");
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})", script);
  const auto exchange = begin("payments.create", kPay);
  EXPECT_EQ(exchange->request()->method, "GET");
  fail(*exchange, Sent::kMaybe);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(RequestsTest, count_their_nonces_per_gateway) {
  const std::string script =
      replaced(kAcmeScript, R"(http.get("/me"))", R"(http.get("/{n}", {path = {n = time.nonce("count")}}))");
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})", script);
  EXPECT_EQ(begin("check", "{}")->request()->url, "https://api.acme.example/v1/0");
  EXPECT_EQ(begin("check", "{}")->request()->url, "https://api.acme.example/v1/1");
  open_variant(kAcmeManifest, R"({"api_key":"sk_live_SECRET123"})", script);
  EXPECT_EQ(begin("check", "{}")->request()->url, "https://api.acme.example/v1/0");
}

TEST_F(RequestsTest, are_not_made_for_what_the_provider_cannot_do) {
  for (const auto& [operation, reason] :
       std::vector<std::pair<const char*, const char*>>{{"payments.accept", "settles underpayments by itself"},
                                                        {"rates.get", "publishes no rates"},
                                                        {"ledgers.list", "declares no such operation"},
                                                        {"native.unknown", "declares no such operation"},
                                                        {"payments.destroy", "declares no such operation"}}) {
    const auto exchange = shop_->begin(operation, "{}");
    ASSERT_FALSE(exchange.ok()) << operation;
    EXPECT_EQ(exchange.error().kind, ErrorKind::kUnsupported) << operation;
    EXPECT_THAT(exchange.error().message, HasSubstr(reason)) << operation;
  }
}

struct BadInput {
  const char* operation;
  const char* input;
  const char* field;
};

class BadInputTest : public AcmeTest, public testing::WithParamInterface<BadInput> {};

TEST_P(BadInputTest, is_refused_with_its_place_and_loses_nothing) {
  const auto exchange = shop_->begin(GetParam().operation, GetParam().input);
  ASSERT_FALSE(exchange.ok());
  EXPECT_EQ(exchange.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(exchange.error().field, GetParam().field);
  EXPECT_EQ(exchange.error().sent, Sent::kNo);
  EXPECT_TRUE(all_stored().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadInputTest,
    testing::Values(
        BadInput{"payments.create", "{", "$"}, BadInput{"payments.create", "[]", "$"},
        BadInput{"payments.create", "{}", "$.amount"}, BadInput{"payments.create", R"({"amount":48.25})", "$.amount"},
        BadInput{"payments.create", R"({"amount":{"amount":"0","currency":"EUR"}})", "$.amount.amount"},
        BadInput{"payments.create", R"({"amount":{"amount":"-1","currency":"EUR"}})", "$.amount.amount"},
        BadInput{"payments.create", R"({"amount":{"amount":"1.001","currency":"EUR"}})", "$.amount.amount"},
        BadInput{"payments.create", R"({"amount":{"amount":"1.5","currency":"JPY"}})", "$.amount.amount"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"USD"}})", "$.amount.currency"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"amuont":1})", "$.amuont"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"options":{"x":1}})", "$.options.x"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"return_url":"nowhere"})",
                 "$.return_url"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"card":"card_nope"})", "$.card"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"idempotency_key":""})",
                 "$.idempotency_key"},
        BadInput{"payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"customer":{"emial":"x"}})",
                 "$.customer.emial"},
        BadInput{"payments.get", "{}", "$.id"}, BadInput{"payments.get", R"({"id":"a","provider_id":"b"})", "$.id"},
        BadInput{"payments.list", R"({"limit":0})", "$.limit"}, BadInput{"check", R"({"x":1})", "$.x"},
        BadInput{"check", R"({"card":"x"})", "$.card"}, BadInput{"cards.verify", "{}", "$.card"}));

TEST_F(RequestsTest, with_metadata_beyond_its_limit_are_refused) {
  const std::string big(17 * 1024, 'x');
  const auto exchange =
      shop_->begin("payments.create", R"({"amount":{"amount":"1","currency":"EUR"},"metadata":{"a":")" + big + "\"}}");
  EXPECT_EQ(exchange.error().field, "$.metadata");
}

class SigningTest : public AcmeTest {
 protected:
  // The key of bitpay/bitauth's own tests, first row of tests/vectors/bitpay.json.
  static constexpr const char* kKey = "97811b691dd7ebaeb67977d158e1da2c4d3eaa4ee4e2555150628acade6b344c";
};

TEST_F(SigningTest, signs_the_address_and_the_body_exactly_as_they_are_sent) {
  const std::string manifest = replaced(
      kAcmeManifest, R"("scheme": "header", "header": "X-Api-Key", "prefix": "Key ", "secret": "api_key")",
      R"("scheme": "ecdsa_secp256k1", "identity_header": "X-Identity", "signature_header": "X-Signature", "secret": "api_key")");
  open_variant(manifest, json::write(json::Object{{"api_key", kKey}, {"base_url", "https://127.0.0.1:8443/api"}}));
  const auto exchange = begin("payments.create", kPay);
  const http::Request& request = *exchange->request();
  EXPECT_EQ(request.headers.find("X-Identity"), "02326209e52f6f17e987ec27c56a1321acf3d68088b8fb634f232f12ccbc9a4575");
  const auto key = VerifyKey::from_hex(*request.headers.find("X-Identity")).value();
  const std::string signature = hex_decode(*request.headers.find("X-Signature")).value();
  EXPECT_TRUE(key.verify("https://127.0.0.1:8443/api/payments" + request.body, signature));
  EXPECT_FALSE(key.verify("https://127.0.0.1:8443/api/payments" + request.body + " ", signature));
  EXPECT_EQ(shop_->config()->script_settings.find("identity")->find_string("sin"),
            "Tf3yr5tYvccKNVrE26BrPs6LWZRh8woHwjR");
}

}  // namespace
}  // namespace till
