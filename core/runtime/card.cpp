// Card: the process's cards by handle.
#include "core/runtime/card.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/clock.h"
#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/runtime/fork.h"

namespace till {
namespace {

// ISO/IEC 7812: a card number has at most 19 digits; none in use has fewer than 12.
constexpr std::size_t kMinNumberLength = 12;
constexpr std::size_t kMaxNumberLength = 19;

using Cards = std::map<std::string, std::shared_ptr<const CardData>, std::less<>>;

Cards& cards() {
  static Cards* all = new Cards;  // never destroyed: handles may outlive static objects
  return *all;
}

bool all_digits(std::string_view text) { return std::all_of(text.begin(), text.end(), is_digit); }

Result<Secret> read_number(const Secret& given) {
  std::string digits;
  digits.reserve(given.reveal().size());
  for (char c : given.reveal()) {
    if (c == ' ' || c == '-') continue;
    if (!is_digit(c)) return invalid_request("$.card.number", "a card number holds digits only");
    digits += c;
  }
  Secret number(digits);
  std::fill(digits.begin(), digits.end(), '0');
  if (number.reveal().size() < kMinNumberLength || number.reveal().size() > kMaxNumberLength)
    return invalid_request("$.card.number", "a card number has 12 to 19 digits");
  return number;
}

Status check_rest(CardData& card) {
  if (card.expiry_month.size() == 1) card.expiry_month.insert(0, 1, '0');
  const std::string& month = card.expiry_month;
  if (month.size() != 2 || !all_digits(month) || month < "01" || month > "12")
    return invalid_request("$.card.expiry_month", "expected a month from 01 to 12");
  if (card.expiry_year.size() != 4 || !all_digits(card.expiry_year))
    return invalid_request("$.card.expiry_year", "expected a year of four digits");
  const std::string_view cvv = card.cvv.reveal();
  if (!cvv.empty() && (cvv.size() < 3 || cvv.size() > 4 || !all_digits(cvv)))
    return invalid_request("$.card.cvv", "expected 3 or 4 digits");
  if (card.holder_name.size() > kMaxCustomerNameLength)
    return invalid_request("$.card.holder_name", "the name is too long");
  return {};
}

}  // namespace

Result<std::string> remember_card(CardData card) {
  TILL_ASSIGN(card.number, read_number(card.number));
  TILL_TRY(check_rest(card));
  std::string handle = new_id("card_", SystemClock());
  const std::lock_guard lock(fork_mutex());
  cards().emplace(handle, std::make_shared<const CardData>(std::move(card)));
  return handle;
}

void forget_card(std::string_view handle) {
  std::shared_ptr<const CardData> wiped_after_unlock;
  const std::lock_guard lock(fork_mutex());
  const auto found = cards().find(handle);
  if (found == cards().end()) return;
  wiped_after_unlock = found->second;
  cards().erase(found);
}

std::shared_ptr<const CardData> find_card(std::string_view handle) {
  const std::lock_guard lock(fork_mutex());
  const auto found = cards().find(handle);
  return found == cards().end() ? nullptr : found->second;
}

}  // namespace till
