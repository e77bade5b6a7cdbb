// Cards: checked, kept under a name that says nothing, and gone when forgotten.
#include "core/runtime/card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace till {
namespace {

CardData card(const char* number, const char* cvv = "123", const char* month = "12", const char* year = "2030") {
  return {Secret(number), Secret(cvv), month, year, "Jane Doe"};
}

TEST(CardTest, is_found_by_its_handle_until_forgotten) {
  const std::string handle = remember_card(card("4541 2500-0000 0001", "123", "7")).value();
  EXPECT_THAT(handle, testing::Not(testing::HasSubstr("4541")));
  const auto found = find_card(handle);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->number.reveal(), "4541250000000001");
  EXPECT_EQ(found->expiry_month, "07");
  forget_card(handle);
  EXPECT_EQ(find_card(handle), nullptr);
  EXPECT_EQ(found->number.reveal(), "4541250000000001") << "who holds it keeps it";
  forget_card(handle);
}

struct BadCard {
  const char *number, *cvv, *month, *year, *field;
};

class BadCardTest : public testing::TestWithParam<BadCard> {};

TEST_P(BadCardTest, is_refused_without_repeating_a_digit) {
  const BadCard& bad = GetParam();
  const auto handle = remember_card(card(bad.number, bad.cvv, bad.month, bad.year));
  ASSERT_FALSE(handle.ok());
  EXPECT_EQ(handle.error().field, bad.field);
  EXPECT_THAT(handle.error().message, testing::Not(testing::HasSubstr("4541")));
}

INSTANTIATE_TEST_SUITE_P(Cards, BadCardTest,
                         testing::Values(BadCard{"", "123", "12", "2030", "$.card.number"},
                                         BadCard{"45412500000", "123", "12", "2030", "$.card.number"},
                                         BadCard{"45412500000000010000", "123", "12", "2030", "$.card.number"},
                                         BadCard{"4541x50000000001", "123", "12", "2030", "$.card.number"},
                                         BadCard{"4541250000000001", "12", "12", "2030", "$.card.cvv"},
                                         BadCard{"4541250000000001", "12a", "12", "2030", "$.card.cvv"},
                                         BadCard{"4541250000000001", "123", "13", "2030", "$.card.expiry_month"},
                                         BadCard{"4541250000000001", "123", "0", "2030", "$.card.expiry_month"},
                                         BadCard{"4541250000000001", "123", "12", "30", "$.card.expiry_year"}));

}  // namespace
}  // namespace till
