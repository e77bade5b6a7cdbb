// The C surface: operations stepped by a host with its own HTTP client.

#include <map>
#include <string>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

class CAbiExchange : public testing::Test {
 protected:
  void begin(const char* operation, const std::string& input) {
    till_exchange* exchange = nullptr;
    ASSERT_EQ(till_exchange_begin(gateway_.get(), operation, input.data(), input.size(), &exchange, nullptr), TILL_OK);
    exchange_.reset(exchange);
  }
  till_status reply(int http_status, const std::string& body, const char* headers = nullptr) {
    return till_exchange_reply(exchange_.get(), http_status, headers, body.data(), body.size(), nullptr);
  }
  Outcome result() {
    till_reply* reply = nullptr;
    till_error* error = nullptr;
    const auto status = till_exchange_result(exchange_.get(), &reply, &error);
    return outcome_of(status, reply, error);
  }
  std::map<std::string, std::string> headers() const {
    std::map<std::string, std::string> found;
    const char *name = nullptr, *value = nullptr;
    for (std::size_t i = 0; till_exchange_header(exchange_.get(), i, &name, &value) == 1; ++i) found[name] = value;
    EXPECT_EQ(name, nullptr);
    return found;
  }

  Owned<till_runtime> runtime_ = open_runtime();
  Owned<till_gateway> gateway_ = open_gateway(runtime_.get(), "https://tiny.example/v1");
  Owned<till_exchange> exchange_;
};

const std::string kCreated =
    R"({"id": "t9", "status": "pending", "amount": 48.25, "currency": "EUR", "url": "https://tiny.example/pay/t9"})";

TEST_F(CAbiExchange, shows_the_whole_request_and_ends_with_the_result) {
  begin("payments.create", kPayment);
  ASSERT_EQ(till_exchange_done(exchange_.get()), 0);
  EXPECT_STREQ(till_exchange_method(exchange_.get()), "POST");
  EXPECT_STREQ(till_exchange_url(exchange_.get()), "https://tiny.example/v1/payments");
  EXPECT_EQ(headers()["x-api-key"], "secret-key-of-tiny");
  std::size_t size = 0;
  const char* body = till_exchange_body(exchange_.get(), &size);
  EXPECT_TRUE(has(std::string(body, size), R"("amount":48.25)"));
  EXPECT_GT(till_exchange_timeout_ms(exchange_.get()), 0);
  EXPECT_EQ(till_exchange_wait_ms(exchange_.get()), 0);
  ASSERT_EQ(reply(201, kCreated, R"([["Content-Type", "application/json"]])"), TILL_OK);
  EXPECT_EQ(till_exchange_done(exchange_.get()), 1);
  EXPECT_EQ(till_exchange_url(exchange_.get()), nullptr);
  const auto payment = result();
  EXPECT_EQ(payment.status, TILL_OK);
  EXPECT_TRUE(has(payment.json, R"("provider_id":"t9")"));
  EXPECT_EQ(payment.json, result().json);
}

TEST_F(CAbiExchange, headers_of_the_reply_may_be_an_object) {
  begin("check", "{}");
  ASSERT_EQ(reply(500, R"({"message": "out of order"})", R"({"X-Request-Id": "req_7"})"), TILL_OK);
  EXPECT_TRUE(has(result().json, R"("request_id":"req_7")"));
}

TEST_F(CAbiExchange, tells_how_long_to_wait_before_a_refused_request_is_sent_again) {
  gateway_ = open_gateway(runtime_.get(), "https://tiny.example/v1", R"(, "rate_limit_wait_ms": 60000)");
  begin("check", "{}");
  ASSERT_EQ(reply(429, "{}", R"({"Retry-After": "30"})"), TILL_OK);
  EXPECT_EQ(till_exchange_done(exchange_.get()), 0);
  EXPECT_GT(till_exchange_wait_ms(exchange_.get()), 20'000);
  EXPECT_LE(till_exchange_wait_ms(exchange_.get()), 30'000);
  EXPECT_EQ(reply(200, "{}"), TILL_OK);
  EXPECT_EQ(till_exchange_wait_ms(exchange_.get()), 0);
  EXPECT_EQ(result().status, TILL_OK);
}

TEST_F(CAbiExchange, wrong_reply_changes_nothing) {
  begin("check", "{}");
  EXPECT_EQ(reply(99, "{}"), TILL_INVALID_REQUEST);
  EXPECT_EQ(reply(1000, "{}"), TILL_INVALID_REQUEST);
  EXPECT_EQ(reply(200, "{}", "[[\"a\"]]"), TILL_INVALID_REQUEST);
  EXPECT_EQ(reply(200, "{}", "{\"a\": 1}"), TILL_INVALID_REQUEST);
  EXPECT_EQ(reply(200, "{}", "7"), TILL_INVALID_REQUEST);
  EXPECT_EQ(reply(200, "{}", "{"), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_done(exchange_.get()), 0);
  EXPECT_EQ(reply(200, "{}"), TILL_OK);
  EXPECT_EQ(result().status, TILL_OK);
}

TEST_F(CAbiExchange, result_before_the_end_is_refused) {
  begin("check", "{}");
  const auto early = result();
  EXPECT_EQ(early.status, TILL_INVALID_REQUEST);
  EXPECT_TRUE(has(early.json, R"("code":"not_done")"));
}

TEST_F(CAbiExchange, reply_after_the_end_is_refused) {
  begin("check", "{}");
  ASSERT_EQ(reply(200, "{}"), TILL_OK);
  EXPECT_EQ(reply(200, "{}"), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_exchange_fail(exchange_.get(), TILL_SENT_NO, nullptr, nullptr), TILL_INVALID_REQUEST);
}

TEST_F(CAbiExchange, write_that_may_have_been_sent_has_an_unknown_outcome) {
  begin("payments.create", kPayment);
  ASSERT_EQ(till_exchange_fail(exchange_.get(), TILL_SENT_MAYBE, "connection reset", nullptr), TILL_OK);
  ASSERT_EQ(till_exchange_done(exchange_.get()), 1);
  EXPECT_EQ(result().status, TILL_OUTCOME_UNKNOWN);
}

TEST_F(CAbiExchange, write_that_never_left_is_a_transport_error) {
  begin("payments.create", kPayment);
  ASSERT_EQ(till_exchange_fail(exchange_.get(), TILL_SENT_NO, "no route to the host", nullptr), TILL_OK);
  ASSERT_EQ(till_exchange_done(exchange_.get()), 1);
  const auto failed = result();
  EXPECT_EQ(failed.status, TILL_TRANSPORT);
  EXPECT_TRUE(has(failed.json, R"("code":"host_client")"));
  EXPECT_TRUE(has(failed.json, R"("sent":"no","retryable":true)"));
}

TEST_F(CAbiExchange, read_that_may_have_been_sent_is_a_transport_error_that_is_not_retryable) {
  begin("check", "{}");
  ASSERT_EQ(till_exchange_fail(exchange_.get(), TILL_SENT_MAYBE, "connection reset", nullptr), TILL_OK);
  EXPECT_TRUE(has(result().json, R"("sent":"maybe","retryable":false)"));
}

TEST_F(CAbiExchange, status_that_http_does_not_know_is_the_providers_fault) {
  begin("check", "{}");
  ASSERT_EQ(reply(999, "{}"), TILL_OK);
  EXPECT_EQ(result().status, TILL_PROVIDER);
}

TEST_F(CAbiExchange, impossible_value_of_sent_is_refused) {
  begin("check", "{}");
  EXPECT_EQ(till_exchange_fail(exchange_.get(), static_cast<till_sent>(3), nullptr, nullptr), TILL_INVALID_REQUEST);
}

TEST_F(CAbiExchange, operation_that_is_wrong_from_the_start_does_not_begin) {
  till_exchange* exchange = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_exchange_begin(gateway_.get(), "payments.create", "{}", 2, &exchange, &error), TILL_INVALID_REQUEST);
  EXPECT_EQ(exchange, nullptr);
  till_error_free(error);
}

}  // namespace
}  // namespace till::test
