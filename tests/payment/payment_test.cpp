// The shapes of a payment: what is shown, what is kept, and that both say the same.
#include "core/payment/payment.h"

#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till {
namespace {

Payment full_payment() {
  Payment payment;
  payment.id = "pay_1";
  payment.provider = "acme";
  payment.provider_id = "p1";
  payment.gateway = "acme/live";
  payment.reference = "1234";
  payment.description = "Two books";
  payment.status = PaymentStatus::kUnderpaid;
  payment.outcome = Outcome::kUnknown;
  payment.amount = Money::parse("48.25", "EUR").value();
  payment.amount_paid = Money::parse("40", "EUR").value();
  payment.amount_due = Money::parse("8.25", "EUR").value();
  payment.amount_refunded = Money::parse("0", "EUR").value();
  payment.checkout_url = "https://pay.example/1";
  payment.qr_url = "https://pay.example/1.png";
  payment.pay_to = json::Object{{"currency", "BTC"}, {"amount", "0.1"}};
  payment.next_action = json::Object{{"type", "wait"}};
  payment.decline = json::Object{{"code", "x"}};
  payment.refunds = json::Array{json::Object{{"id", "re_1"}}};
  payment.made_refunds = {"re_1"};
  payment.test = true;
  payment.created_at = 1'700'000'000'123;
  payment.updated_at = 1'700'000'001'000;
  payment.expires_at = 1'700'000'900'000;
  payment.metadata = json::Object{{"cart", "7"}};
  payment.raw = json::Object{{"amount", json::Number{"48.250"}}};
  payment.state = json::Object{{"kind", "link"}};
  return payment;
}

TEST(PaymentShape, every_member_survives_the_store) {
  const json::Value record = payment_to_record(full_payment());
  const auto read = payment_from_record(json::parse(json::write(record)).value());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(json::write(payment_to_record(*read)), json::write(record));
}

TEST(PaymentShape, private_state_is_kept_and_never_shown) {
  EXPECT_NE(payment_to_record(full_payment()).find("state"), nullptr);
  EXPECT_EQ(payment_to_json(full_payment()).find("state"), nullptr);
  EXPECT_EQ(payment_to_json(full_payment()).find("made_refunds"), nullptr);
}

TEST(PaymentShape, an_empty_payment_shows_every_member_as_null) {
  const json::Value shown = payment_to_json(Payment());
  for (const char* member :
       {"id", "amount", "amount_paid", "checkout_url", "pay_to", "created_at", "expires_at", "raw"}) {
    ASSERT_NE(shown.find(member), nullptr) << member;
    EXPECT_TRUE(shown.find(member)->is_null()) << member;
  }
}

TEST(PaymentShape, a_record_without_a_status_is_no_payment) {
  EXPECT_FALSE(payment_from_record(json::Object{{"id", "pay_1"}}).ok());
  EXPECT_FALSE(payment_from_record(json::Value("text")).ok());
}

TEST(PaymentShape, every_status_has_a_name_of_its_own) {
  for (int i = 0; i <= static_cast<int>(PaymentStatus::kFailed); ++i) {
    const auto status = static_cast<PaymentStatus>(i);
    EXPECT_EQ(payment_status_from_name(payment_status_name(status)), status);
  }
  EXPECT_EQ(payment_status_from_name("done"), std::nullopt);
}

struct BadMoney {
  const char* json;
  const char* field;
};

class MoneyFromJson : public testing::TestWithParam<BadMoney> {};

TEST_P(MoneyFromJson, refuses_and_says_where) {
  const auto money = money_from_json(json::parse(GetParam().json).value(), "$.amount");
  ASSERT_FALSE(money.ok());
  EXPECT_EQ(money.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(money.error().field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(Shapes, MoneyFromJson,
                         testing::Values(BadMoney{"48.25", "$.amount"}, BadMoney{"null", "$.amount"},
                                         BadMoney{R"({"amount":48.25,"currency":"EUR"})", "$.amount.amount"},
                                         BadMoney{R"({"amount":"48.255","currency":"EUR"})", "$.amount.amount"},
                                         BadMoney{R"({"amount":"1e3","currency":"EUR"})", "$.amount.amount"},
                                         BadMoney{R"({"amount":"1","currency":"EURO"})", "$.amount.currency"},
                                         BadMoney{R"({"amount":"1"})", "$.amount.currency"},
                                         BadMoney{R"({"currency":"EUR"})", "$.amount.amount"},
                                         BadMoney{R"({"amount":"1","currency":"EUR","tax":"0"})", "$.amount.tax"}));

}  // namespace
}  // namespace till
