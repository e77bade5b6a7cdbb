// Card: payment card data held by the core. Everything else passes around its handle, a name that says nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/secret.h"

namespace till {

// What the caller knows of a card. All text; `number` may hold spaces or dashes. Wiped when it goes.
struct CardData {
  Secret number;             // 12 to 19 digits; the check digit is left to the provider, whose test cards may break it
  Secret cvv;                // 3 or 4 digits; may be empty where an operation needs none
  std::string expiry_month;  // "1" or "01" to "12"
  std::string expiry_year;   // four digits, "2027"
  std::string holder_name;
};

// Keeps the card until forget_card() and returns its handle ("card_..."), for the `card` member of an operation's
// input. Lives in this process's memory only. kInvalidRequest with `field` "$.card.number" and so on; a message never
// holds digits.
Result<std::string> remember_card(CardData card);
// Wipes the card. Unknown handles are ignored. Exchanges under way keep their own copy until they end.
void forget_card(std::string_view handle);
// The card behind a handle, or nullptr. Shared with the exchanges that use it.
std::shared_ptr<const CardData> find_card(std::string_view handle);

}  // namespace till
