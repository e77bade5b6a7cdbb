// The currency table, beside the list that the ISO 4217 maintenance agency publishes.
#include "core/money/currency.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <string>

namespace till {
namespace {

std::map<std::string, std::string> read_iso_list() {
  std::ifstream file(TILL_TEST_VECTORS "/iso4217.tsv");
  std::map<std::string, std::string> list;
  for (std::string line; std::getline(file, line);)
    if (!line.starts_with('#')) list[line.substr(0, line.find('\t'))] = line.substr(line.find('\t') + 1);
  return list;
}

TEST(Currency, has_every_iso_code_that_has_a_minor_unit_and_its_exponent) {
  const auto list = read_iso_list();
  ASSERT_EQ(list.size(), 178u);
  std::size_t known = 0;
  for (const auto& [code, exponent] : list) {
    const auto currency = Currency::find(code);
    EXPECT_EQ(currency.ok(), exponent != "N.A.") << code;
    if (!currency.ok()) continue;
    EXPECT_EQ(std::to_string(currency->exponent()), exponent) << code;
    EXPECT_FALSE(currency->is_crypto());
    ++known;
  }
  const auto all = Currency::all();
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const Currency& one) { return !one.is_crypto(); }), known);
}

TEST(Currency, has_the_coins_of_the_providers_with_their_decimals) {
  const std::pair<std::string_view, int> coins[] = {
      {"BTC", 8}, {"ETH", 18},   {"USDT", 6}, {"USDC", 6}, {"SOL", 9},  {"BNB", 18}, {"XRP", 6},  {"POL", 18},
      {"TRX", 6}, {"MATIC", 18}, {"LTC", 8},  {"BCH", 8},  {"DOGE", 8}, {"DAI", 18}, {"WBTC", 8}, {"GUSD", 2}};
  for (const auto& [code, exponent] : coins) {
    EXPECT_EQ(Currency::find(code).value().exponent(), exponent) << code;
    EXPECT_TRUE(Currency::find(code).value().is_crypto()) << code;
  }
}

TEST(Currency, table_is_sorted_and_within_the_range_of_decimals) {
  const auto all = Currency::all();
  EXPECT_TRUE(
      std::is_sorted(all.begin(), all.end(), [](auto& left, auto& right) { return left.code() < right.code(); }));
  for (const Currency& currency : all) {
    EXPECT_GE(currency.exponent(), 0);
    EXPECT_LE(currency.exponent(), 18);
    EXPECT_FALSE(currency.name().empty());
    EXPECT_EQ(Currency::find(currency.code()).value(), currency);
  }
}

TEST(Currency, unknown_code_names_near_ones) {
  const Error lower = Currency::find("eur").error();
  EXPECT_EQ(lower.kind, ErrorKind::kInvalidRequest);
  EXPECT_EQ(lower.field, "currency");
  EXPECT_NE(lower.message.find("near it: EUR"), std::string::npos);
  EXPECT_NE(Currency::find("EUT").error().message.find("EUR"), std::string::npos);
  EXPECT_EQ(Currency::find("QQQQQ").error().message.find("near"), std::string::npos);
}

TEST(Currency, what_looks_like_no_code_is_not_quoted) {
  for (const std::string_view text : {"", "4111111111111111", "E\nR", "EUR\t", "ABCDEFGHI", "\xff\xff\xff"}) {
    const Error error = Currency::find(text).error();
    EXPECT_TRUE(text.empty() || error.message.find(text) == std::string::npos) << error.message;
  }
}

}  // namespace
}  // namespace till
