// payments.stored: what the store knows, without asking anybody.
#include "core/runtime/stored_payments.h"

#include <gmock/gmock.h>

#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StoredPaymentsTest : public AcmeTest {
 protected:
  // A payment with this reference, and its id of ours.
  std::string pay(std::string_view reference, int status = 201) {
    const std::string input = R"({"amount":{"amount":"48.25","currency":"EUR"},"reference":")" +
                              std::string(reference) + R"(","idempotency_key":"order-)" + std::string(reference) +
                              "\"}";
    static_cast<void>(run("payments.create", input, status,
                          R"({"id":"p)" + std::string(reference) +
                              R"(","status":"pending","amount":48.25,"currency":"EUR","reference":")" +
                              std::string(reference) + "\"}"));
    return all_stored().front().id;
  }
  Result<json::Value> page(const std::string& input) { return parsed(shop_->call("payments.stored", input)); }
  std::vector<std::string> references(const std::string& input) {
    const auto found = page(input);
    EXPECT_TRUE(found.ok()) << found.error().message;
    std::vector<std::string> out;
    for (const json::Value& one : *found->find("items")->array()) out.emplace_back(*one.find_string("reference"));
    return out;
  }
};

TEST_F(StoredPaymentsTest, are_listed_newest_first_and_page_by_page) {
  for (const std::string_view reference : {"1", "2", "3"}) pay(reference);
  EXPECT_THAT(references("{}"), ElementsAre("3", "2", "1"));
  const json::Value first = page(R"({"limit":2})").value();
  EXPECT_EQ(first.find("items")->array()->size(), 2u);
  const std::string cursor(first.find_string("next").value());
  EXPECT_THAT(references(R"({"limit":2,"cursor":")" + cursor + "\"}"), ElementsAre("1"));
  EXPECT_TRUE(page(R"({"limit":3})")->find("next")->is_null());
}

TEST_F(StoredPaymentsTest, can_be_chosen) {
  const std::string first = pay("1");
  pay("2", 500);
  EXPECT_THAT(references(R"({"unknown":true})"), ElementsAre("2"));
  EXPECT_THAT(references(R"({"unknown":false})"), ElementsAre("2", "1"));
  EXPECT_THAT(references(R"({"reference":"1"})"), ElementsAre("1"));
  EXPECT_THAT(references(R"({"payment_id":")" + first + "\"}"), ElementsAre("1"));
  EXPECT_THAT(references(R"({"payment_id":"pay_none"})"), IsEmpty());
  EXPECT_THAT(references(R"({"status":"paid"})"), IsEmpty());
  ASSERT_TRUE(run("payments.get", R"({"id":")" + first + "\"}", 200,
                  R"({"id":"p1","status":"paid","amount":48.25,"currency":"EUR","reference":"1"})")
                  .ok());
  EXPECT_THAT(references(R"({"status":"paid"})"), ElementsAre("1"));
  EXPECT_THAT(references(R"({"status":null,"reference":null})"), ElementsAre("2", "1"));
}

TEST_F(StoredPaymentsTest, are_listed_without_one_that_cannot_be_read_and_every_page_is_full) {
  pay("1");
  pay("2");
  const std::string id = pay("3");
  pay("4");
  change_tables("UPDATE payments SET record = '{\"status\":\"held\"}' WHERE id = '" + id + "'");
  setenv("TILL_LOG", "warn", 1);
  testing::internal::CaptureStderr();
  const json::Value first = page(R"({"limit":2})").value();
  unsetenv("TILL_LOG");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr(id));
  ASSERT_EQ(first.find("items")->array()->size(), 2u);
  EXPECT_EQ((*first.find("items")->array())[1].find_string("reference"), "2");
  const std::string cursor(first.find_string("next").value());
  EXPECT_THAT(references(R"({"limit":2,"cursor":")" + cursor + "\"}"), ElementsAre("1"));
  const auto alone = page(R"({"payment_id":")" + id + "\"}");
  ASSERT_FALSE(alone.ok());
  EXPECT_EQ(alone.error().code, kUnreadablePayment);
  EXPECT_EQ(alone.error().payment_id, id);
}

TEST_F(StoredPaymentsTest, are_read_back_however_large_and_deep_they_were_written) {
  Payment payment = stored(pay("1"));
  // Nine values each, as a refund has.
  const json::Value refund = json::Object{{"id", "re_1"}, {"of", json::Array(7, json::Value("word"))}};
  for (int i = 0; i < 25'000; ++i) payment.refunds.push_back(refund);
  for (int i = 0; i < 64; ++i) payment.raw = json::Array{std::move(payment.raw)};
  ASSERT_TRUE(store()->put_payment(payment).ok());
  EXPECT_EQ(stored(payment.id).refunds.size(), payment.refunds.size());
}

TEST_F(StoredPaymentsTest, are_those_of_the_gateway) {
  const std::string id = pay("1");
  shop_ = open_gateway(R"({"api_key":"sk_live_SECRET123","label":"other"})");
  EXPECT_THAT(references("{}"), IsEmpty());
  EXPECT_THAT(references(R"({"payment_id":")" + id + "\"}"), IsEmpty());
}

TEST_F(StoredPaymentsTest, wrong_filters_are_told) {
  for (const std::string input : {R"({"status":"payed"})", R"({"limit":0})", R"({"limit":1001})", R"({"unknown":1})",
                                  R"({"surprise":1})", R"({"reference":""})"}) {
    const auto found = page(input);
    ASSERT_FALSE(found.ok()) << input;
    EXPECT_EQ(found.error().kind, ErrorKind::kInvalidRequest);
  }
}

}  // namespace
}  // namespace till
