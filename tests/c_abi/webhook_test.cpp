// till_webhook: verification through the C surface.
#include <gtest/gtest.h>

#include <string>

#include "bindings/c/till.h"

namespace {

const std::string kSecret = "It's a Secret to Everybody";
const std::string kBody = "Hello, World!";
const std::string kRequest = R"({"headers": {"X-Hub-Signature-256":
    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}, "secrets": [")" +
                             kSecret + R"("]})";

using Call = till_status (*)(const char*, const char*, const char*, size_t, till_reply**, till_error**);

// The reply's JSON, or the error's.
std::string call(Call function, const char* scheme, const char* request, const std::string& body,
                 till_status expected) {
  till_reply* reply = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(function(scheme, request, body.data(), body.size(), &reply, &error), expected);
  const char* text = reply != nullptr ? till_reply_json(reply, nullptr) : till_error_json(error, nullptr);
  std::string out = text != nullptr ? text : "";
  till_reply_free(reply);
  till_error_free(error);
  return out;
}

TEST(Webhook, a_published_vector_is_accepted) {
  const std::string verdict = call(till_webhook_verify, "github", kRequest.c_str(), kBody, TILL_OK);
  EXPECT_NE(verdict.find(R"("signature":"valid","trust":"signed","key":{"index":0,"id":null})"), std::string::npos)
      << verdict;
}

TEST(Webhook, a_refusal_has_a_status_and_a_reason_and_repeats_no_secret) {
  const std::string error = call(till_webhook_verify, "github", kRequest.c_str(), "Hello", TILL_WEBHOOK_REJECTED);
  EXPECT_NE(error.find(R"("reason":"mismatch")"), std::string::npos) << error;
  const std::string told = call(till_webhook_explain, "github", kRequest.c_str(), "Hello", TILL_OK);
  EXPECT_NE(told.find(R"("accepted":false,"reason":"mismatch")"), std::string::npos) << told;
  EXPECT_EQ((error + told).find("Secret to"), std::string::npos);
}

TEST(Webhook, a_scheme_may_be_json) {
  const char* scheme = R"({"name": "ours", "signature": {"header": "x-hub-signature-256", "prefix": "sha256="},
      "signed": ["body"], "algorithm": "hmac-sha256", "key": "utf8", "encoding": "hex", "freshness": "none",
      "signed_covers": "body", "dedupe": "signed"})";
  EXPECT_NE(call(till_webhook_verify, scheme, kRequest.c_str(), kBody, TILL_OK).find(R"("scheme":"ours")"),
            std::string::npos);
  call(till_webhook_verify, "{}", kRequest.c_str(), kBody, TILL_CONFIGURATION);
}

TEST(Webhook, wrong_calls_say_what_is_wrong) {
  call(till_webhook_verify, "gihtub", kRequest.c_str(), kBody, TILL_NOT_FOUND);
  call(till_webhook_verify, "github", "{}", kBody, TILL_CONFIGURATION);
  call(till_webhook_verify, "github", R"({"secrets": [""]})", kBody, TILL_CONFIGURATION);
  call(till_webhook_verify, "github", R"({"secrets": ["s"], "surprise": 1})", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_verify, "github", R"({"secrets": ["s"], "headers": {"a": 1}})", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_verify, "github", "no JSON", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_verify, nullptr, kRequest.c_str(), kBody, TILL_INVALID_REQUEST);
  call(till_webhook_verify, "github", nullptr, kBody, TILL_INVALID_REQUEST);
  EXPECT_EQ(till_webhook_verify("github", kRequest.c_str(), kBody.data(), kBody.size(), nullptr, nullptr),
            TILL_INVALID_REQUEST);
}

TEST(Webhook, the_time_of_receipt_is_the_callers) {
  const std::string request =
      R"({"headers": [["webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"], ["webhook-timestamp", "1614265330"],
      ["webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]],
      "secrets": [{"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "id": "k1"}])";
  const std::string body = R"({"test": 2432232314})";
  call(till_webhook_verify, "standard-webhooks", (request + "}").c_str(), body, TILL_WEBHOOK_REJECTED);
  const std::string then = request + R"(, "received_at": "2021-02-25T15:02:10Z"})";
  EXPECT_NE(call(till_webhook_verify, "standard-webhooks", then.c_str(), body, TILL_OK).find(R"("id":"k1")"),
            std::string::npos);
}

TEST(Webhook, the_known_schemes_are_listed) {
  till_reply* reply = nullptr;
  ASSERT_EQ(till_webhook_schemes(&reply, nullptr), TILL_OK);
  EXPECT_NE(std::string(till_reply_json(reply, nullptr)).find(R"("name": "stripe")"), std::string::npos);
  till_reply_free(reply);
  EXPECT_EQ(till_webhook_schemes(nullptr, nullptr), TILL_INVALID_REQUEST);
}

// The published vector of Standard Webhooks, made.
TEST(Webhook, a_published_vector_is_signed_as_published) {
  const char* request = R"({"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "at": "2021-02-25T15:02:10Z",
                            "id": "msg_p5jXN8AQM9LWM0D4loKWxJek"})";
  EXPECT_EQ(call(till_webhook_sign, "standard-webhooks", request, R"({"test": 2432232314})", TILL_OK),
            R"({"headers":[["webhook-timestamp","1614265330"],["webhook-id","msg_p5jXN8AQM9LWM0D4loKWxJek"],)"
            R"(["webhook-signature","v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="]],)"
            R"("body":"{\"test\": 2432232314}","url":""})");
}

TEST(Webhook, what_cannot_be_signed_says_why) {
  call(till_webhook_sign, "gihtub", "{}", kBody, TILL_NOT_FOUND);
  call(till_webhook_sign, "github", "{}", kBody, TILL_CONFIGURATION);
  call(till_webhook_sign, "github", R"({"secret": ""})", kBody, TILL_CONFIGURATION);
  call(till_webhook_sign, "github", R"({"secret": "s", "surprise": 1})", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_sign, "github", R"({"secret": "s", "valid": 1})", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_sign, "github", R"({"secret": "s", "id": 1})", kBody, TILL_INVALID_REQUEST);
  call(till_webhook_sign, "github", "no JSON", kBody, TILL_INVALID_REQUEST);
  const std::string bytes = call(till_webhook_sign, "github", R"({"secret": "s"})", "\xff", TILL_OK);
  EXPECT_NE(bytes.find(R"("body_base64":"/w==")"), std::string::npos) << bytes;
  till_error* error = nullptr;
  EXPECT_EQ(till_webhook_sign("github", "{}", "", 0, nullptr, &error), TILL_INVALID_REQUEST);
  till_error_free(error);
}

}  // namespace
