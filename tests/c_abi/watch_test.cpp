// The C surface: a payment that is followed.

#include <string>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

class CAbiWatch : public CAbi {
 protected:
  Outcome open(till_gateway* gateway, const std::string& input) {
    till_watch* watch = nullptr;
    till_error* error = nullptr;
    const auto status = till_watch_open(gateway, input.data(), input.size(), &watch, &error);
    EXPECT_EQ(status == TILL_OK, watch != nullptr);
    watch_.reset(watch);
    const Owned<till_error> owned(error);
    const char* json = till_error_json(error, nullptr);
    return {status, json == nullptr ? "" : json};
  }
  Outcome next(std::int64_t timeout_ms = 10'000) {
    till_reply* reply = nullptr;
    till_error* error = nullptr;
    const auto status = till_watch_next(watch_.get(), timeout_ms, &reply, &error);
    return outcome_of(status, reply, error);
  }

  Owned<till_watch> watch_;
};

TEST_F(CAbiWatch, tells_the_payment_once_and_then_that_there_is_no_news) {
  const auto shop = gateway();
  const auto made = call(shop.get(), "payments.create", kPayment);
  ASSERT_EQ(made.status, TILL_OK) << made.json;
  ASSERT_EQ(open(shop.get(), R"({"provider_id": "t1", "timeout_ms": 60000})").status, TILL_OK);
  const auto first = next();
  EXPECT_EQ(first.status, TILL_OK);
  EXPECT_TRUE(has(first.json, R"("provider_id":"t1")"));
  EXPECT_EQ(next(0).json, R"({"payment":null,"done":false})");
}

TEST_F(CAbiWatch, ends_when_its_time_is_over) {
  const auto shop = gateway();
  ASSERT_EQ(open(shop.get(), R"({"provider_id": "t1", "timeout_ms": 1})").status, TILL_OK);
  while (!has(next().json, R"("done":true)")) {
  }
  EXPECT_EQ(next().json, R"({"payment":null,"done":true})");
}

TEST_F(CAbiWatch, ends_with_an_error_that_does_not_pass) {
  const auto shop = gateway("/deny");
  ASSERT_EQ(open(shop.get(), R"({"provider_id": "t1"})").status, TILL_OK);
  EXPECT_EQ(next().status, TILL_AUTHENTICATION);
  EXPECT_EQ(next().status, TILL_AUTHENTICATION);
}

TEST_F(CAbiWatch, wrong_input_is_refused_with_its_place) {
  const auto shop = gateway();
  const auto wrong = open(shop.get(), R"({"provider_id": "t1", "timeout_ms": 0})");
  EXPECT_EQ(wrong.status, TILL_INVALID_REQUEST);
  EXPECT_TRUE(has(wrong.json, R"("field":"$.timeout_ms")"));
}

TEST_F(CAbiWatch, may_outlive_its_gateway_and_its_runtime) {
  auto shop = gateway();
  ASSERT_EQ(open(shop.get(), R"({"provider_id": "t1"})").status, TILL_OK);
  shop.reset();
  runtime_.reset();
  EXPECT_EQ(next().status, TILL_OK);
  watch_.reset();
}

}  // namespace
}  // namespace till::test
