// When the provider is asked again.
#include "core/payment/looks.h"

#include <gtest/gtest.h>

#include "tests/payment/now.h"

namespace till {
namespace {

Payment payment(PaymentStatus status, std::int64_t looks = 0) {
  Payment made;
  made.provider_id = "p1";
  made.status = status;
  made.created_at = kNow;
  made.looks = looks;
  return made;
}

TEST(Looks, an_open_payment_is_asked_about_after_a_while_and_then_less_and_less) {
  for (const auto status : {PaymentStatus::kPending, PaymentStatus::kRequiresAction, PaymentStatus::kUnderpaid,
                            PaymentStatus::kProcessing}) {
    EXPECT_EQ(next_look(payment(status), kNow, 0), kNow + kFirstLookMs);
    EXPECT_EQ(next_look(payment(status, 1), kNow, 0), kNow + 2 * kFirstLookMs);
    EXPECT_EQ(next_look(payment(status, 2), kNow, 0), kNow + 4 * kFirstLookMs);
    EXPECT_EQ(next_look(payment(status, 1'000'000), kNow, 0), kNow + kMaxLookMs);
  }
}

TEST(Looks, jitter_makes_a_wait_up_to_a_quarter_longer) {
  EXPECT_EQ(next_look(payment(PaymentStatus::kPending), kNow, 255), kNow + kFirstLookMs * 5 / 4);
  const auto between = next_look(payment(PaymentStatus::kPending), kNow, 100);
  EXPECT_GT(between, kNow + kFirstLookMs);
  EXPECT_LT(between, kNow + kFirstLookMs * 5 / 4);
}

TEST(Looks, an_open_payment_is_given_up_when_it_is_old) {
  EXPECT_TRUE(next_look(payment(PaymentStatus::kPending), kNow + kOpenLooksMs - 1, 0));
  EXPECT_FALSE(next_look(payment(PaymentStatus::kPending), kNow + kOpenLooksMs, 0));
}

TEST(Looks, an_expiry_is_looked_at_when_it_has_come) {
  Payment expiring = payment(PaymentStatus::kPending, 8);
  expiring.expires_at = kNow + 600'000;
  EXPECT_EQ(next_look(expiring, kNow, 0), kNow + 600'000 + kAfterExpiryMs);
  EXPECT_GT(next_look(expiring, kNow + 600'000 + kAfterExpiryMs, 0), kNow + 3'600'000);
}

TEST(Looks, a_paid_payment_is_left_alone) { EXPECT_FALSE(next_look(payment(PaymentStatus::kPaid), kNow, 0)); }

TEST(Looks, a_payment_that_ended_otherwise_is_looked_at_a_few_times_for_money_that_comes_late) {
  for (const auto status : {PaymentStatus::kExpired, PaymentStatus::kCancelled, PaymentStatus::kFailed}) {
    UnixMillis now = kNow + 2 * kOpenLooksMs;
    int looks = 0;
    for (auto next = next_look(payment(status), now, 0); next; next = next_look(payment(status, looks), now, 0)) {
      EXPECT_GE(*next - now, kFirstLateLookMs);
      EXPECT_LE(*next - now, kMaxLateLookMs);
      now = *next;
      ++looks;
    }
    EXPECT_EQ(looks, kLateLooks);
    EXPECT_EQ(now - (kNow + 2 * kOpenLooksMs), 103LL * 3'600'000);
  }
}

TEST(Looks, a_payment_that_the_provider_gave_no_id_cannot_be_asked_about) {
  Payment nameless = payment(PaymentStatus::kPending);
  nameless.provider_id.clear();
  EXPECT_FALSE(next_look(nameless, kNow, 0));
}

TEST(Looks, a_write_is_asked_about_again_and_never_given_up) {
  EXPECT_EQ(next_write_look(1, kNow, 0), kNow + kFirstWriteLookMs);
  EXPECT_EQ(next_write_look(2, kNow, 0), kNow + 2 * kFirstWriteLookMs);
  EXPECT_EQ(next_write_look(1'000'000, kNow, 0), kNow + kMaxWriteLookMs);
}

}  // namespace
}  // namespace till
