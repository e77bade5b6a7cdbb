// What may be a payment whose creation was never answered, and what is not.
#include "core/payment/likeness.h"

#include <gtest/gtest.h>

#include "tests/payment/now.h"

namespace till {
namespace {

Money money(const char* amount, const char* currency) { return Money::parse(amount, currency).value(); }

class LikenessTest : public testing::Test {
 protected:
  LikenessTest() {
    wanted_.reference = "1234";
    wanted_.amount = money("48.25", "EUR");
    seen_.provider_id = "p1";
    seen_.reference = "1234";
    seen_.amount = money("48.25", "EUR");
    seen_.created_at = kNow;
  }
  Likeness compared() const { return likeness(wanted_, seen_, kNow - 10, kNow + 10); }

  Payment wanted_;
  Observation seen_;
};

TEST_F(LikenessTest, amount_currency_reference_and_time_make_it_the_same) {
  EXPECT_EQ(compared(), Likeness::kSame);
  seen_.created_at = kNow - 10;
  EXPECT_EQ(compared(), Likeness::kSame);
  seen_.created_at = kNow + 10;
  EXPECT_EQ(compared(), Likeness::kSame);
}

TEST_F(LikenessTest, another_amount_is_another_payment) {
  seen_.amount = money("48.26", "EUR");
  EXPECT_EQ(compared(), Likeness::kOther);
}

TEST_F(LikenessTest, another_currency_is_another_payment) {
  seen_.amount = money("48.25", "USD");
  EXPECT_EQ(compared(), Likeness::kOther);
}

TEST_F(LikenessTest, another_reference_is_another_payment) {
  seen_.reference = "12345";
  EXPECT_EQ(compared(), Likeness::kOther);
}

TEST_F(LikenessTest, another_time_is_another_payment) {
  seen_.created_at = kNow - 11;
  EXPECT_EQ(compared(), Likeness::kOther);
  seen_.created_at = kNow + 11;
  EXPECT_EQ(compared(), Likeness::kOther);
}

TEST_F(LikenessTest, another_mode_is_another_payment) {
  seen_.test = true;
  EXPECT_EQ(compared(), Likeness::kOther);
  wanted_.test = true;
  EXPECT_EQ(compared(), Likeness::kSame);
}

TEST_F(LikenessTest, what_is_not_said_proves_nothing) {
  seen_.reference.clear();
  EXPECT_EQ(compared(), Likeness::kMaybe);
  seen_.created_at.reset();
  EXPECT_EQ(compared(), Likeness::kOther);
  seen_.created_at = kNow;
  seen_.amount.reset();
  EXPECT_EQ(compared(), Likeness::kOther);
}

TEST_F(LikenessTest, without_a_reference_nothing_is_like_it) {
  wanted_.reference.clear();
  EXPECT_EQ(compared(), Likeness::kOther);
  seen_.reference.clear();
  EXPECT_EQ(compared(), Likeness::kOther);
}

}  // namespace
}  // namespace till
