// Decimals beside whole numbers of any size: 30,000 random pairs for each operation.
#include <gtest/gtest.h>

#include "core/money/decimal.h"
#include "tests/money/oracle.h"

namespace till {
namespace {

constexpr int kRuns = 30'000;

struct Pair {
  Decimal left, right;
  std::string names() const { return left.text() + " and " + right.text(); }
};

template <class Check>
void for_random_pairs(unsigned seed, Check check) {
  std::mt19937_64 random(seed);
  for (int i = 0; i < kRuns && !testing::Test::HasFailure(); ++i)
    check(
        Pair{Decimal::parse(random_decimal_text(random)).value(), Decimal::parse(random_decimal_text(random)).value()},
        random);
}

// The result is the oracle's value exactly, or an overflow exactly when no decimal holds it.
void expect_exact(const Result<Decimal>& result, const BigInt& expected, const Pair& pair) {
  if (!result.ok()) {
    EXPECT_EQ(result.error().code, "decimal_overflow");
    EXPECT_FALSE(fits_a_decimal(expected)) << pair.names();
    return;
  }
  EXPECT_EQ(big_value(*result), expected) << pair.names();
}

void expect_rounded(const Result<Decimal>& result, const BigInt& expected_units, int scale, const Pair& pair) {
  if (!result.ok()) {
    EXPECT_EQ(result.error().code, "decimal_overflow");
    EXPECT_GE(abs(expected_units), big_power(Decimal::kMaxDigits)) << pair.names();
    return;
  }
  EXPECT_EQ(result->scale(), scale);
  EXPECT_EQ(big_units(*result), expected_units) << pair.names();
}

TEST(DecimalProperties, text_round_trips) {
  std::mt19937_64 random(10);
  for (int i = 0; i < kRuns; ++i) {
    const std::string text = random_decimal_text(random);
    const Decimal value = Decimal::parse(text).value();
    const std::string expected = value.is_zero() && text.front() == '-' ? text.substr(1) : text;
    ASSERT_EQ(value.text(), expected);
    ASSERT_EQ(Decimal::parse_json_number(text).value().text(), expected);
  }
}

TEST(DecimalProperties, sums_and_differences_are_exact) {
  for_random_pairs(11, [](const Pair& pair, auto&) {
    expect_exact(pair.left.plus(pair.right), big_value(pair.left) + big_value(pair.right), pair);
    expect_exact(pair.left.minus(pair.right), big_value(pair.left) - big_value(pair.right), pair);
  });
}

TEST(DecimalProperties, products_are_exact) {
  for_random_pairs(12, [](const Pair& pair, auto&) {
    expect_exact(pair.left.times(pair.right), big_value(pair.left) * big_value(pair.right) / big_power(kOracleScale),
                 pair);
  });
}

TEST(DecimalProperties, products_are_rounded_once) {
  for_random_pairs(13, [](const Pair& pair, auto& random) {
    const int scale = static_cast<int>(random() % (Decimal::kMaxScale + 1));
    const Rounding rounding = kAllRoundings[random() % std::size(kAllRoundings)];
    const BigInt product = big_value(pair.left) * big_value(pair.right);
    expect_rounded(pair.left.times(pair.right, scale, rounding),
                   big_rounded(product, big_power(2 * kOracleScale - scale), rounding), scale, pair);
  });
}

TEST(DecimalProperties, quotients_are_rounded_once) {
  for_random_pairs(14, [](const Pair& pair, auto& random) {
    if (pair.right.is_zero()) return;
    const int scale = static_cast<int>(random() % (Decimal::kMaxScale + 1));
    const Rounding rounding = kAllRoundings[random() % std::size(kAllRoundings)];
    expect_rounded(pair.left.divided_by(pair.right, scale, rounding),
                   big_rounded(big_value(pair.left) * big_power(scale), big_value(pair.right), rounding), scale, pair);
  });
}

TEST(DecimalProperties, rounding_and_rescaling_agree_with_the_oracle) {
  for_random_pairs(15, [](const Pair& pair, auto& random) {
    const int scale = static_cast<int>(random() % (Decimal::kMaxScale + 1));
    const Rounding rounding = kAllRoundings[random() % std::size(kAllRoundings)];
    const BigInt step = big_power(kOracleScale - scale);
    const BigInt value = big_value(pair.left);
    expect_rounded(pair.left.rounded(scale, rounding), big_rounded(value, step, rounding), scale, pair);
    const auto rescaled = pair.left.rescaled(scale);
    const bool possible = value % step == 0 && abs(value / step) < big_power(Decimal::kMaxDigits);
    EXPECT_EQ(rescaled.ok(), possible) << pair.names();
    if (rescaled.ok()) {
      EXPECT_EQ(big_value(*rescaled), value);
    }
  });
}

TEST(DecimalProperties, order_is_that_of_the_numbers) {
  for_random_pairs(16, [](const Pair& pair, auto&) {
    const BigInt left = big_value(pair.left), right = big_value(pair.right);
    EXPECT_EQ(pair.left < pair.right, left < right) << pair.names();
    EXPECT_EQ(pair.left == pair.right, left == right) << pair.names();
    EXPECT_EQ(pair.left == pair.left.negated(), pair.left.is_zero());
  });
}

}  // namespace
}  // namespace till
