// What is signed: each kind of piece, by a code made here over the bytes that the sender's documentation describes.
#include <gtest/gtest.h>

#include <string>

#include "core/base/bytes.h"
#include "core/crypto/digest.h"
#include "tests/webhook/scheme_fixture.h"

namespace till::webhook {
namespace {

std::string hmac_hex(std::string_view message, HmacHash hash = HmacHash::kSha256) {
  return hex_encode(HmacKey::create(hash, Secret("s")).value().sign(message).bytes());
}

// A scheme that signs these pieces, by HMAC-SHA256 in hex, in the header x-sig.
Verifier signing(const std::string& pieces, const std::string& covers = "partial") {
  return verifier_of(
      R"({"name": "test", "signature": {"header": "x-sig", "format": "pairs", "pick": "v1"}, "signed": )" + pieces +
          R"(, "algorithm": "hmac-sha256", "key": "utf8", "encoding": "hex", "freshness": "none",
                         "signed_covers": ")" +
          covers + R"(", "dedupe": "none"})",
      {"s"});
}

// The reason for a request whose signature is that of `expected`.
std::string judge_parts(const std::string& pieces, Sent sent, const std::string& expected,
                        const std::string& fields = "") {
  sent.header("x-sig") = fields + "v1=" + hmac_hex(expected);
  return reason_of(verify(signing(pieces), sent, 0));
}

TEST(SignedParts, url_method_path_and_query) {
  const Sent sent{{}, "", "https://shop.example:8443/hooks/a?id=1%202&x=#end", "POST"};
  EXPECT_EQ(judge_parts(R"(["url"])", sent, sent.url), "");
  EXPECT_EQ(judge_parts(R"(["method", {"text": " "}, "path"])", sent, "POST /hooks/a"), "");
  EXPECT_EQ(judge_parts(R"([{"query": "id"}])", sent, "1 2"), "");
  EXPECT_EQ(judge_parts(R"([{"query": "y"}])", sent, ""), "missing_value");
  EXPECT_EQ(judge_parts(R"(["path"])", Sent{{}, "", "https://shop.example", ""}, "/"), "");
}

// What the caller left out is the caller's mistake, and no refusal.
TEST(SignedParts, a_missing_url_or_method_is_the_callers_mistake) {
  EXPECT_EQ(judge_parts(R"(["url"])", Sent{}, ""), "<invalid_request>");
  EXPECT_EQ(judge_parts(R"(["method"])", Sent{}, ""), "<invalid_request>");
}

TEST(SignedParts, json_values_keep_their_text) {
  const Sent sent{{}, R"({"a": {"b": [1.50, true, null, "x"]}, "o": {}})"};
  EXPECT_EQ(judge_parts(R"([{"json": "/a/b/0"}, {"json": "/a/b/1"}, {"json": "/a/b/3"}])", sent, "1.50truex"), "");
  EXPECT_EQ(judge_parts(R"([{"json": "/a/b/2", "optional": true}, {"text": "."}])", sent, "."), "");
  EXPECT_EQ(judge_parts(R"([{"json": "/none"}])", sent, ""), "missing_value");
  EXPECT_EQ(judge_parts(R"([{"json": "/o"}])", sent, ""), "malformed_body");
  EXPECT_EQ(judge_parts(R"([{"json": "/a"}])", Sent{{}, "{"}, ""), "malformed_body");
  EXPECT_EQ(judge_parts(R"([{"json": "/a"}])", Sent{{}, R"({"a": 1, "a": 2})"}, "1"), "malformed_body");
}

TEST(SignedParts, sorted_form_and_sorted_json) {
  EXPECT_EQ(judge_parts(R"(["sorted_form"])", Sent{{}, "b=2&a=%41+x&b=1&b=2"}, "aA xb1b2"), "");
  EXPECT_EQ(judge_parts(R"(["sorted_form"])", Sent{{}, "a=%4"}, ""), "malformed_body");
  EXPECT_EQ(judge_parts(R"([{"form": "a"}])", Sent{{}, "a=1&a=2"}, "1"), "malformed_body");
  EXPECT_EQ(judge_parts(R"(["sorted_json"])", Sent{{}, R"({"b": {"d": 1.0, "c": [{"z": 1, "y": "é/"}]}, "a": null})"},
                        R"({"a":null,"b":{"c":[{"y":"é/","z":1}],"d":1.0}})"),
            "");
}

TEST(SignedParts, crc32_of_the_body) {
  EXPECT_EQ(judge_parts(R"(["body_crc32"])", Sent{{}, "123456789"}, "3421780262"), "") << "the check value of CRC-32";
}

TEST(SignedParts, what_is_absent_takes_its_group_along) {
  const std::string pieces = R"([{"if_present": [{"text": "id:"}, {"query": "data.id"}, {"text": ";"}]},
      {"if_present": [{"text": "request-id:"}, {"header": "x-request-id"}, {"text": ";"}]}, {"text": "ts:"}, {"field": "ts"}])";
  const std::string url = "https://shop.example/?data.id=7";
  EXPECT_EQ(judge_parts(pieces, Sent{{{"X-Request-Id", "r"}}, "", url, ""}, "id:7;request-id:r;ts:5", "ts=5,"), "");
  EXPECT_EQ(judge_parts(pieces, Sent{{}, "", url, ""}, "id:7;ts:5", "ts=5,"), "");
  EXPECT_EQ(judge_parts(pieces, Sent{{}, "", "https://shop.example/", ""}, "ts:5", "ts=5,"), "");
}

TEST(SignedParts, headers_that_the_signature_lists) {
  const std::string pieces =
      R"([{"listed_headers": {"named_by": {"field": "h"}, "joint": "."}}, {"text": "."}, "body"])";
  const Sent sent{{{"X-One", "1"}, {"X-Two", "2"}}, "{}"};
  EXPECT_EQ(judge_parts(pieces, sent, "1.2.{}", "h=x-one x-two,"), "");
  EXPECT_EQ(judge_parts(pieces, sent, "2.{}", "h=X-TWO,"), "");
  EXPECT_EQ(judge_parts(pieces, sent, ".{}", "h=x-three,"), "missing_value");
  std::string many = "h=x-one";
  for (int i = 0; i < 64; ++i) many += " x-one";
  EXPECT_EQ(judge_parts(pieces, sent, "", many + ","), "too_many");
}

TEST(SignedParts, a_plain_hash_has_the_secret_inside) {
  const std::string hash = hex_encode(byte_view(sha512("1200100.00server-key")));
  const auto judge_hash = [](const std::string& signature) {
    const Sent sent{{},
                    R"({"order_id": "1", "status_code": "200", "gross_amount": "100.00", "signature_key": ")" +
                        signature + R"("})"};
    return reason_of(verify(verifier_of("midtrans", {"other", "server-key"}), sent, 0));
  };
  EXPECT_EQ(judge_hash(hash), "");
  EXPECT_EQ(judge_hash(hex_encode(byte_view(sha512("1200100.00")))), "mismatch");
}

// An empty body, as a null view, must never be taken for the place of the secret.
TEST(SignedParts, an_empty_body_is_no_secret) {
  const std::string hash = hex_encode(byte_view(sha512("server-key")));
  const std::vector<Header> headers{{"iris-signature", hash}};
  const Verifier iris = verifier_of("midtrans-iris", {"server-key"});
  EXPECT_TRUE(iris.verify(Request{.headers = headers, .body = {}}, 0).ok());
  const std::string twice = hex_encode(byte_view(sha512("server-keyserver-key")));
  const std::vector<Header> forged{{"iris-signature", twice}};
  EXPECT_FALSE(iris.verify(Request{.headers = forged, .body = {}}, 0).ok());
}

}  // namespace
}  // namespace till::webhook
