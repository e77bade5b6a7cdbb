// How a payment may change, and what never changes it.
#include "core/payment/transition.h"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"
#include "tests/payment/now.h"

namespace till {
namespace {

using enum PaymentStatus;

Payment payment_in(PaymentStatus status) {
  Payment payment;
  payment.id = "pay_1";
  payment.provider_id = "p1";
  payment.reference = "1234";
  payment.status = status;
  payment.outcome = Outcome::kUnknown;
  payment.amount = Money::parse("100.00", "EUR").value();
  return payment;
}

Observation seen(const char* json) { return read_observation(json::parse(json).value()).value(); }

// Every pair of statuses that may follow each other, written out a second time on purpose.
const std::set<std::pair<PaymentStatus, PaymentStatus>> kMayFollow{{kPending, kRequiresAction},
                                                                   {kPending, kUnderpaid},
                                                                   {kPending, kProcessing},
                                                                   {kPending, kPaid},
                                                                   {kPending, kExpired},
                                                                   {kPending, kCancelled},
                                                                   {kPending, kFailed},
                                                                   {kRequiresAction, kUnderpaid},
                                                                   {kRequiresAction, kProcessing},
                                                                   {kRequiresAction, kPaid},
                                                                   {kRequiresAction, kExpired},
                                                                   {kRequiresAction, kCancelled},
                                                                   {kRequiresAction, kFailed},
                                                                   {kUnderpaid, kProcessing},
                                                                   {kUnderpaid, kPaid},
                                                                   {kUnderpaid, kExpired},
                                                                   {kUnderpaid, kCancelled},
                                                                   {kUnderpaid, kFailed},
                                                                   {kProcessing, kUnderpaid},
                                                                   {kProcessing, kPaid},
                                                                   {kProcessing, kExpired},
                                                                   {kProcessing, kCancelled},
                                                                   {kProcessing, kFailed},
                                                                   {kExpired, kUnderpaid},
                                                                   {kExpired, kProcessing},
                                                                   {kExpired, kPaid},
                                                                   {kCancelled, kUnderpaid},
                                                                   {kCancelled, kProcessing},
                                                                   {kCancelled, kPaid},
                                                                   {kFailed, kPaid}};

TEST(PaymentStatusChange, follows_the_table_and_nothing_else) {
  for (int from = 0; from <= static_cast<int>(kFailed); ++from)
    for (int to = 0; to <= static_cast<int>(kFailed); ++to) {
      const std::pair change{static_cast<PaymentStatus>(from), static_cast<PaymentStatus>(to)};
      EXPECT_EQ(may_change(change.first, change.second), from == to || kMayFollow.contains(change))
          << payment_status_name(change.first) << " -> " << payment_status_name(change.second);
    }
}

TEST(PaymentStatusChange, late_news_moves_a_paid_payment_nowhere) {
  const Payment paid = payment_in(kPaid);
  for (const char* late : {R"({"status":"pending"})", R"({"status":"expired"})", R"({"status":"failed"})"}) {
    const auto change = apply(paid, seen(late), kNow);
    ASSERT_TRUE(change.ok());
    EXPECT_EQ(change->payment.status, kPaid);
    EXPECT_FALSE(change->status_changed);
    EXPECT_EQ(change->payment.updated_at, paid.updated_at);
  }
}

TEST(PaymentStatusChange, hearing_from_the_provider_makes_the_outcome_known) {
  const auto change = apply(payment_in(kPending), seen(R"({"id":"p1","status":"pending"})"), kNow);
  EXPECT_EQ(change->payment.outcome, Outcome::kKnown);
  EXPECT_EQ(change->payment.updated_at, kNow);
}

TEST(Transition, what_the_shop_accepted_may_be_less_than_was_asked_for) {
  Payment payment = payment_in(kUnderpaid);
  payment.accepted = true;
  const auto told = apply(payment, seen(R"({"status":"paid","amount_paid":{"amount":"40","currency":"EUR"}})"), kNow);
  ASSERT_TRUE(told.ok()) << told.error().message;
  EXPECT_EQ(told->payment.amount_paid->amount_text(), "40.00");
  EXPECT_EQ(told->payment.amount_due->amount_text(), "0.00");
  const auto untold = apply(payment, seen(R"({"status":"paid","amount":{"amount":"100","currency":"EUR"}})"), kNow);
  ASSERT_TRUE(untold.ok()) << untold.error().message;
  EXPECT_FALSE(untold->payment.amount_paid) << "nobody said how much";
  EXPECT_EQ(untold->payment.amount_due->amount_text(), "0.00");
  EXPECT_EQ(
      apply(payment, seen(R"({"status":"paid","amount_paid":{"amount":"40","currency":"USD"}})"), kNow).error().code,
      "currency_mismatch");
}

struct Mismatch {
  const char* observation;
  const char* code;
};

class AnotherPayment : public testing::TestWithParam<Mismatch> {};

TEST_P(AnotherPayment, is_never_taken_for_this_one) {
  const auto change = apply(payment_in(kPending), seen(GetParam().observation), kNow);
  ASSERT_FALSE(change.ok());
  EXPECT_EQ(change.error().kind, ErrorKind::kProvider);
  EXPECT_EQ(change.error().code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Mismatches, AnotherPayment,
    testing::Values(
        Mismatch{R"({"id":"p2","status":"paid"})", "id_mismatch"},
        Mismatch{R"({"status":"paid","amount":{"amount":"99.99","currency":"EUR"}})", "amount_mismatch"},
        Mismatch{R"({"status":"paid","amount":{"amount":"100","currency":"USD"}})", "currency_mismatch"},
        Mismatch{R"({"status":"paid","amount_paid":{"amount":"99.99","currency":"EUR"}})", "amount_mismatch"},
        Mismatch{R"({"status":"paid","amount_paid":{"amount":"100","currency":"USD"}})", "currency_mismatch"},
        Mismatch{R"({"status":"paid","reference":"1235"})", "reference_mismatch"},
        Mismatch{R"({"status":"pending","test":true})", "mode_mismatch"}));

TEST(PaymentAmounts, follow_from_paid_when_the_provider_leaves_them_out) {
  const auto change =
      apply(payment_in(kPending), seen(R"({"status":"paid","amount":{"amount":"100","currency":"EUR"}})"), kNow);
  EXPECT_EQ(change->payment.amount_paid->amount_text(), "100.00");
  EXPECT_TRUE(change->payment.amount_due->is_zero());
}

TEST(PaymentAmounts, due_is_what_is_missing_and_never_negative) {
  const auto part = apply(payment_in(kPending),
                          seen(R"({"status":"underpaid","amount_paid":{"amount":"40","currency":"EUR"}})"), kNow);
  EXPECT_EQ(part->payment.amount_due->amount_text(), "60.00");
  const auto over =
      apply(payment_in(kPending), seen(R"({"status":"paid","amount_paid":{"amount":"140","currency":"EUR"}})"), kNow);
  EXPECT_EQ(over->payment.amount_due->amount_text(), "0.00");
}

TEST(PaymentAction, is_gone_once_the_provider_no_longer_names_it) {
  Payment payment = payment_in(kRequiresAction);
  payment.next_action = json::Object{{"type", "confirm_card_amount"}};
  EXPECT_TRUE(apply(payment, seen(R"({"status":"failed"})"), kNow)->payment.next_action.is_null());
}

TEST(PaymentPayTo, is_gone_once_nobody_may_pay_any_more) {
  Payment payment = payment_in(kPending);
  payment.pay_to = json::Object{{"currency", "BTC"}, {"address", "bc1"}};
  EXPECT_FALSE(apply(payment, seen(R"({"status":"pending"})"), kNow)->payment.pay_to.is_null());
  EXPECT_TRUE(apply(payment, seen(R"({"status":"expired"})"), kNow)->payment.pay_to.is_null());
  EXPECT_FALSE(
      apply(payment, seen(R"({"status":"expired","pay_to":{"address":"bc1"}})"), kNow)->payment.pay_to.is_null());
}

struct BadOutput {
  const char* json;
  const char* field;
};

class ScriptOutput : public testing::TestWithParam<BadOutput> {};

TEST_P(ScriptOutput, of_the_wrong_shape_is_the_plugins_error) {
  const auto observation = read_observation(json::parse(GetParam().json).value());
  ASSERT_FALSE(observation.ok());
  EXPECT_EQ(observation.error().kind, ErrorKind::kPlugin);
  EXPECT_EQ(observation.error().code, "script_output");
  EXPECT_EQ(observation.error().field, GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, ScriptOutput,
    testing::Values(BadOutput{R"([1])", "$."}, BadOutput{R"({"id":7})", "$.id"},
                    BadOutput{R"({"status":"done"})", "$.status"}, BadOutput{R"({"amount":"1.00"})", "$.amount"},
                    BadOutput{R"({"expires_at":"soon"})", "$.expires_at"}, BadOutput{R"({"test":"yes"})", "$.test"},
                    BadOutput{R"({"pay_to":"bc1"})", "$.pay_to"}, BadOutput{R"({"state":"x"})", "$.state"}));

TEST(ScriptOutputSize, of_what_is_kept_is_bounded) {
  const std::string big(kMaxStateBytes, 'x');
  for (const char* member : {"state", "pay_to", "next_action", "decline"}) {
    const auto observation = read_observation(json::Object{{member, json::Object{{"x", big}}}});
    ASSERT_FALSE(observation.ok()) << member;
    EXPECT_EQ(observation.error().field, std::string("$.") + member);
  }
}

}  // namespace
}  // namespace till
