// Money: exact amounts of one currency.
#include "core/money/money.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <type_traits>

namespace till {
namespace {

static_assert(!std::is_constructible_v<Money, double>);
static_assert(!std::is_constructible_v<Money, double, Currency>);

Money money(std::string_view amount, std::string_view currency) { return Money::parse(amount, currency).value(); }

TEST(Money, is_written_with_the_decimals_of_its_currency) {
  EXPECT_EQ(money("48.25", "EUR").amount_text(), "48.25");
  EXPECT_EQ(money("100", "BZD").amount_text(), "100.00");
  EXPECT_EQ(money("1200", "JPY").amount_text(), "1200");
  EXPECT_EQ(money("0.5", "BHD").amount_text(), "0.500");
  EXPECT_EQ(money("0.00701648", "BTC").amount_text(), "0.00701648");
  EXPECT_EQ(money("-0.0007", "BTC").amount_text(), "-0.00070000");
  EXPECT_EQ(money("1", "ETH").amount_text(), "1.000000000000000000");
}

TEST(Money, more_decimals_than_the_currency_has_are_refused_not_rounded) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"48.255", "EUR"}, {"48.250", "EUR"}, {"1.5", "JPY"}, {"1.0", "JPY"}, {"0.000000001", "BTC"}, {"1.0000", "KWD"}};
  for (const auto& [amount, currency] : cases) {
    const Error error = Money::parse(amount, currency).error();
    EXPECT_EQ(error.kind, ErrorKind::kInvalidRequest);
    EXPECT_EQ(error.code, "too_many_decimals");
    EXPECT_EQ(error.field, "amount");
  }
}

TEST(Money, of_a_decimal_drops_zeros_and_nothing_else) {
  const Currency euro = Currency::find("EUR").value();
  EXPECT_EQ(Money::of(Decimal::parse("48.2500").value(), euro)->amount_text(), "48.25");
  EXPECT_EQ(Money::of(Decimal::parse("48.2501").value(), euro).error().code, "too_many_decimals");
}

TEST(Money, bad_amounts_and_currencies_say_which_field_is_wrong) {
  EXPECT_EQ(Money::parse("1e2", "EUR").error().field, "amount");
  EXPECT_EQ(Money::parse("", "EUR").error().field, "amount");
  EXPECT_EQ(Money::parse("1", "eur").error().field, "currency");
  EXPECT_EQ(Money::parse(std::string(38, '9'), "EUR").error().field, "amount");
}

TEST(Money, minor_units_go_both_ways) {
  EXPECT_EQ(Money::from_minor(4825, "EUR")->amount_text(), "48.25");
  EXPECT_EQ(Money::from_minor(-5, "EUR")->amount_text(), "-0.05");
  EXPECT_EQ(Money::from_minor(10000, "BTN")->amount_text(), "100.00");
  EXPECT_EQ(money("48.25", "EUR").minor().value(), 4825);
  EXPECT_EQ(money("0.00701648", "BTC").minor().value(), 701648);
  EXPECT_EQ(money("9.223372036854775807", "ETH").minor().value(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(money("9.223372036854775808", "ETH").minor().error().code, "decimal_overflow");
  EXPECT_EQ(money("-9.223372036854775808", "ETH").minor().value(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(money("-9.223372036854775809", "ETH").minor().error().code, "decimal_overflow");
}

TEST(Money, every_minor_amount_comes_back_in_every_currency) {
  std::mt19937_64 random(20);
  for (const Currency& currency : Currency::all())
    for (int i = 0; i < 200; ++i) {
      const auto minor = static_cast<std::int64_t>(random() >> random() % 64);
      const Money value = Money::from_minor(minor, currency.code()).value();
      ASSERT_EQ(value.minor().value(), minor);
      ASSERT_EQ(money(value.amount_text(), currency.code()), value);
    }
}

TEST(Money, currencies_do_not_mix) {
  const Money euro = money("1", "EUR"), dollar = money("1", "USD");
  EXPECT_EQ(euro.plus(dollar).error().code, "currency_mismatch");
  EXPECT_EQ(euro.minus(dollar).error().code, "currency_mismatch");
  EXPECT_EQ(euro.compare(dollar).error().code, "currency_mismatch");
  EXPECT_FALSE(euro == dollar);
}

TEST(Money, adds_subtracts_and_compares) {
  EXPECT_EQ(money("0.10", "EUR").plus(money("0.20", "EUR")).value(), money("0.30", "EUR"));
  EXPECT_EQ(money("1", "BTC").minus(money("1.0007", "BTC")).value(), money("-0.0007", "BTC"));
  EXPECT_TRUE(money("1", "EUR").compare(money("1.01", "EUR")).value() < 0);
  EXPECT_TRUE(money("1.00", "EUR").compare(money("1", "EUR")).value() == 0);
  EXPECT_TRUE(money("0.00", "EUR").is_zero());
  EXPECT_TRUE(money("-0.01", "EUR").is_negative());
  EXPECT_FALSE(money("-0.00", "EUR").is_negative());
}

TEST(Money, sums_beyond_the_range_are_an_error) {
  const Money largest = money(std::string(36, '9') + ".99", "EUR");
  EXPECT_EQ(largest.plus(money("0.01", "EUR")).error().code, "decimal_overflow");
  EXPECT_TRUE(largest.minus(money("0.01", "EUR")).ok());
}

}  // namespace
}  // namespace till
