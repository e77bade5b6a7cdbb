// What may be asked to go back of a payment, and what of the answer is the refund that was asked for.
#include "core/payment/refund.h"

#include <gtest/gtest.h>

#include <string>

namespace till {
namespace {

Money eur(std::string_view amount) { return Money::parse(amount, "EUR").value(); }
Money btc(std::string_view amount) { return Money::parse(amount, "BTC").value(); }

Payment paid(std::string_view amount = "48.25") {
  Payment payment;
  payment.status = PaymentStatus::kPaid;
  payment.amount = eur(amount);
  payment.amount_paid = eur(amount);
  return payment;
}

json::Value refund(std::string_view status, const Money& amount) {
  return json::Object{{"id", "re_1"}, {"status", status}, {"amount", money_to_json(amount)}};
}

TEST(Refundable, is_what_came_without_the_refunds_that_did_not_fail) {
  Payment payment = paid();
  EXPECT_EQ(refundable(payment), eur("48.25"));
  payment.refunds = {refund("pending", eur("8.00")), refund("succeeded", eur("0.25")), refund("failed", eur("40.00")),
                     refund("cancelled", eur("40.00"))};
  EXPECT_EQ(refundable(payment), eur("40.00"));
  payment.refunds.push_back(refund("pending", eur("40.01")));
  EXPECT_EQ(refundable(payment), eur("-0.01"));
}

TEST(Refundable, is_not_known_where_one_of_its_parts_is_not) {
  Payment payment = paid();
  payment.refunds = {json::Object{{"id", "re_1"}, {"status", "pending"}, {"amount", nullptr}}};
  EXPECT_EQ(refundable(payment), std::nullopt);
  payment.refunds = {refund("pending", btc("0.001"))};
  EXPECT_EQ(refundable(payment), std::nullopt);
  payment.refunds.clear();
  payment.amount_paid.reset();
  EXPECT_EQ(refundable(payment), std::nullopt);
}

TEST(Refundable, is_the_whole_of_what_is_paid_and_what_came_of_what_was_accepted) {
  Payment payment = paid();
  payment.amount_paid = eur("20.00");  // told while the rest was missing
  EXPECT_EQ(refundable(payment), eur("48.25"));
  payment.accepted = true;
  EXPECT_EQ(refundable(payment), eur("20.00"));
  payment.accepted = false;
  payment.status = PaymentStatus::kUnderpaid;
  EXPECT_EQ(refundable(payment), eur("20.00"));
  payment.amount_paid = eur("50.00");
  EXPECT_EQ(refundable(payment), eur("50.00")) << "more came than was asked for";
}

TEST(RefundAsked, is_in_the_payments_currency) {
  EXPECT_TRUE(check_refund_asked(paid(), eur("48.25"), false).ok());
  const Status refused = check_refund_asked(paid(), Money::parse("825", "JPY").value(), false);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(refused.error().field, "$.amount.currency");
  EXPECT_NE(refused.error().message.find("the payment is in EUR"), std::string::npos) << refused.error().message;
  EXPECT_TRUE(check_refund_asked(paid(), btc("0.001"), true).ok()) << "the provider takes other ones";
  EXPECT_TRUE(check_refund_asked(Payment(), btc("0.001"), false).ok()) << "nothing is known of the payment's";
  Payment coins = paid();
  coins.amount_paid = btc("0.001");
  EXPECT_TRUE(check_refund_asked(coins, btc("0.001"), false).ok()) << "it came in coins";
}

TEST(RefundAsked, is_no_more_than_can_go_back) {
  Payment payment = paid();
  payment.refunds = {refund("succeeded", eur("8.25"))};
  EXPECT_TRUE(check_refund_asked(payment, eur("40.00"), false).ok());
  const Status more = check_refund_asked(payment, eur("40.01"), false);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(more.error().field, "$.amount.amount");
  EXPECT_NE(more.error().message.find("no more than 40.00 EUR"), std::string::npos) << more.error().message;
  EXPECT_TRUE(check_refund_asked(payment, eur("40.01"), true).ok()) << "its script knows what that stands for";
  payment.refunds = {refund("succeeded", eur("48.25"))};
  const Status refused = check_refund_asked(payment, eur("0.01"), false);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("nothing more can go back"), std::string::npos) << refused.error().message;
  payment.amount_paid.reset();
  EXPECT_TRUE(check_refund_asked(payment, eur("100.00"), false).ok()) << "how much came is not known";
}

TEST(RefundTold, is_the_one_that_was_asked_for) {
  EXPECT_TRUE(check_refund_told(paid(), eur("8.25"), eur("8.25"), false).ok());
  EXPECT_EQ(check_refund_told(paid(), eur("8.25"), eur("4825.00"), false).error().code, "amount_mismatch");
  EXPECT_EQ(check_refund_told(paid(), eur("8.25"), eur("4825.00"), true).error().code, "amount_mismatch");
  EXPECT_EQ(check_refund_told(paid(), eur("8.25"), btc("0.001"), false).error().code, "currency_mismatch");
  EXPECT_EQ(check_refund_told(paid(), eur("8.25"), btc("0.001"), false).error().kind, ErrorKind::kProvider);
  EXPECT_TRUE(check_refund_told(paid(), eur("8.25"), btc("0.001"), true).ok());
}

TEST(RefundTold, of_all_that_came_may_be_any_amount_in_the_payments_currency) {
  EXPECT_TRUE(check_refund_told(paid(), std::nullopt, eur("40.00"), false).ok());
  EXPECT_EQ(check_refund_told(paid(), std::nullopt, btc("0.001"), false).error().code, "currency_mismatch");
  EXPECT_TRUE(check_refund_told(paid(), std::nullopt, btc("0.001"), true).ok());
  EXPECT_TRUE(check_refund_told(Payment(), std::nullopt, btc("0.001"), false).ok());
}

}  // namespace
}  // namespace till
