// Decimals: reading and writing, exactness, limits.
#include "core/money/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

namespace till {
namespace {

static_assert(!std::is_constructible_v<Decimal, double>);
static_assert(!std::is_constructible_v<Decimal, float>);
static_assert(!std::is_constructible_v<Decimal, long double>);
static_assert(!std::is_convertible_v<double, Decimal>);
static_assert(!std::is_assignable_v<Decimal&, double>);

const std::string kLargest(38, '9');

Decimal decimal(std::string_view text) { return Decimal::parse(text).value(); }

TEST(Decimal, text_comes_back_with_its_scale) {
  for (const std::string_view text :
       {"0", "0.00", "1", "-1", "48.25", "150.00", "-0.0007", "0.000000000000000001", "100", "10.0"})
    EXPECT_EQ(decimal(text).text(), text);
  EXPECT_EQ(decimal(kLargest).text(), kLargest);
  EXPECT_EQ(decimal("-0").text(), "0");
  EXPECT_EQ(decimal("-0.00").text(), "0.00");
  EXPECT_EQ(Decimal().text(), "0");
}

TEST(Decimal, what_is_no_plain_decimal_is_refused) {
  for (const std::string_view text :
       {"",    "-",   "+1",  " 1",    "1 ",  ".5",  "5.",  "01",    "-01",      "00",
        "1,5", "1e2", "0x1", "1.5.2", "--1", "NaN", "inf", "1_000", "\xd9\xa1", "1.0000000000000000000"})
    EXPECT_EQ(Decimal::parse(text).error().code, "invalid_decimal") << text;
  EXPECT_EQ(Decimal::parse(std::string_view("1\0", 2)).error().code, "invalid_decimal");
}

TEST(Decimal, the_39th_digit_overflows) {
  EXPECT_EQ(Decimal::parse("1" + std::string(38, '0')).error().code, "decimal_overflow");
  EXPECT_EQ(Decimal::parse(kLargest + ".0").error().code, "decimal_overflow");
  EXPECT_EQ(Decimal::parse(std::string(100'000, '9')).error().code, "decimal_overflow");
  // 2^128 + 7 and 2^130: what a counter that wraps around would take for small numbers.
  EXPECT_FALSE(Decimal::parse("340282366920938463463374607431768211463").ok());
  EXPECT_FALSE(Decimal::parse("1361129467683753853853498429727072845824").ok());
}

TEST(Decimal, json_numbers_with_exponents_are_exact_or_refused) {
  const std::pair<std::string_view, std::string_view> exact[] = {{"150.00", "150.00"},
                                                                 {"1.5e2", "150"},
                                                                 {"15e1", "150"},
                                                                 {"1.50E+1", "15.0"},
                                                                 {"1e-18", "0.000000000000000001"},
                                                                 {"-1.25e-1", "-0.125"},
                                                                 {"0e999999999999", "0"},
                                                                 {"0.0e-400", "0.000000000000000000"},
                                                                 {"1.00000000000000000000000", "1.000000000000000000"},
                                                                 {"5e-1", "0.5"},
                                                                 {"10e-19", "0.000000000000000001"},
                                                                 {"-0", "0"}};
  for (const auto& [json, text] : exact) EXPECT_EQ(Decimal::parse_json_number(json).value().text(), text) << json;
  EXPECT_EQ(Decimal::parse_json_number("1e37").value().text(), "1" + std::string(37, '0'));
  EXPECT_EQ(Decimal::parse_json_number(kLargest + ".000").value().text(), kLargest);
  for (const std::string_view json : {"1e38", "1e-19", "1e400", "1e-400", "1e99999999999999999999", "15e-19"})
    EXPECT_EQ(Decimal::parse_json_number(json).error().code, "decimal_overflow") << json;
  for (const std::string_view json : {"", "e5", "1e", "1e+", "1e5.0", "1.e5", "01", "1ee5", "1e5 ", "-e1", "+1"})
    EXPECT_EQ(Decimal::parse_json_number(json).error().code, "invalid_decimal") << json;
}

TEST(Decimal, values_compare_as_numbers) {
  EXPECT_EQ(decimal("1.50"), decimal("1.5"));
  EXPECT_EQ(decimal("0"), decimal("-0.000"));
  EXPECT_LT(decimal("-1.5"), decimal("-1.49"));
  EXPECT_LT(decimal("-0.1"), decimal("0.1"));
  EXPECT_LT(decimal("9.999999999999999999"), decimal("10"));
  EXPECT_GT(decimal(kLargest), decimal("0.000000000000000001"));
  EXPECT_LT(decimal("-" + kLargest), decimal("-0.000000000000000001"));
}

TEST(Decimal, rounding_follows_its_name) {
  struct Case {
    std::string_view value, down, up, half_up, half_even, floor, ceiling;
  };
  const Case cases[] = {{"2.5", "2", "3", "3", "2", "2", "3"},        {"3.5", "3", "4", "4", "4", "3", "4"},
                        {"-2.5", "-2", "-3", "-3", "-2", "-3", "-2"}, {"2.4", "2", "3", "2", "2", "2", "3"},
                        {"-2.6", "-2", "-3", "-3", "-3", "-3", "-2"}, {"2.0", "2", "2", "2", "2", "2", "2"},
                        {"-0.1", "0", "-1", "0", "0", "-1", "0"}};
  for (const Case& one : cases) {
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kDown)->text(), one.down) << one.value;
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kUp)->text(), one.up) << one.value;
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kHalfUp)->text(), one.half_up) << one.value;
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kHalfEven)->text(), one.half_even) << one.value;
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kFloor)->text(), one.floor) << one.value;
    EXPECT_EQ(decimal(one.value).rounded(0, Rounding::kCeiling)->text(), one.ceiling) << one.value;
  }
  EXPECT_EQ(decimal("1.5").rounded(4, Rounding::kDown)->text(), "1.5000");
  EXPECT_FALSE(decimal("1.5").rounded(19, Rounding::kDown).ok());
  EXPECT_FALSE(decimal("1.5").rounded(-1, Rounding::kDown).ok());
  EXPECT_FALSE(decimal(kLargest).rounded(1, Rounding::kDown).ok());
}

TEST(Decimal, rescaling_never_loses_a_digit) {
  EXPECT_EQ(decimal("1.500").rescaled(1)->text(), "1.5");
  EXPECT_EQ(decimal("1.5").rescaled(3)->text(), "1.500");
  EXPECT_EQ(decimal("1.505").rescaled(2).error().code, "inexact");
  EXPECT_EQ(decimal(kLargest).rescaled(1).error().code, "decimal_overflow");
  EXPECT_EQ(decimal("1").rescaled(19).error().code, "decimal_overflow");
  EXPECT_EQ(decimal("1").rescaled(-1).error().code, "decimal_overflow");
}

TEST(Decimal, sums_of_one_scale_end_at_38_digits) {
  EXPECT_EQ(decimal(kLargest).plus(decimal("1")).error().code, "decimal_overflow");
  EXPECT_EQ(decimal("-" + kLargest).minus(decimal("1")).error().code, "decimal_overflow");
  EXPECT_EQ(decimal(kLargest).plus(decimal(kLargest)).error().code, "decimal_overflow");
  EXPECT_EQ(decimal(kLargest).minus(decimal(kLargest)).value(), Decimal());
  // 10^38 units of 0.01 do not fit, 10^37 of 0.1 do.
  EXPECT_EQ(decimal(std::string(36, '9') + ".99").plus(decimal("0.01"))->text(), "1" + std::string(36, '0') + ".0");
}

TEST(Decimal, dividing_by_zero_is_an_error) {
  EXPECT_EQ(decimal("1").divided_by(decimal("0.00"), 2, Rounding::kDown).error().code, "division_by_zero");
  EXPECT_EQ(decimal("0").divided_by(Decimal(), 2, Rounding::kDown).error().code, "division_by_zero");
}

TEST(Decimal, units_outside_the_range_are_refused) {
  const Int128 end = decimal(kLargest).units() + 1;
  EXPECT_FALSE(Decimal::from_units(end, 0).ok());
  EXPECT_FALSE(Decimal::from_units(-end, 0).ok());
  EXPECT_FALSE(Decimal::from_units(Int128{1} << 126 << 1, 0).ok());  // the smallest Int128
  EXPECT_FALSE(Decimal::from_units(1, 19).ok());
  EXPECT_FALSE(Decimal::from_units(1, -1).ok());
  EXPECT_EQ(Decimal::from_units(end - 1, 18).value().units(), end - 1);
  EXPECT_EQ(Decimal::from_integer(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
}

TEST(Decimal, text_at_least_pads_and_trims_zeros_only) {
  EXPECT_EQ(decimal("1.5").text_at_least(2), "1.50");
  EXPECT_EQ(decimal("1").text_at_least(2), "1.00");
  EXPECT_EQ(decimal("1.5000").text_at_least(2), "1.50");
  EXPECT_EQ(decimal("1.2345").text_at_least(2), "1.2345");
  EXPECT_EQ(decimal("100").text_at_least(0), "100");
  EXPECT_EQ(decimal("100.00").text_at_least(0), "100");
  EXPECT_EQ(decimal("-0.50").text_at_least(0), "-0.5");
}

}  // namespace
}  // namespace till
