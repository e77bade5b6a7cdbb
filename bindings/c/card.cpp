// till_card: card data in the library's keeping, known outside by its handle.

#include "core/runtime/card.h"

#include <utility>

#include "bindings/c/handles.h"

using till::Secret;
using till::Status;
using till::c::guarded;
using till::c::required;

till_status till_card_new(const char* number, const char* cvv, const char* expiry_month, const char* expiry_year,
                          const char* holder_name, till_card** out, till_error** error) {
  if (out != nullptr) *out = nullptr;
  return guarded(error, [&]() -> Status {
    TILL_TRY(required(number, "number"));
    TILL_TRY(required(expiry_month, "expiry_month"));
    TILL_TRY(required(expiry_year, "expiry_year"));
    TILL_TRY(required(out, "out"));
    till::CardData data;
    data.number = Secret(number);
    if (cvv != nullptr) data.cvv = Secret(cvv);
    data.expiry_month = expiry_month;
    data.expiry_year = expiry_year;
    if (holder_name != nullptr) data.holder_name = holder_name;
    auto card = std::make_unique<till_card>();
    TILL_ASSIGN(card->handle, till::remember_card(std::move(data)));
    *out = card.release();
    return {};
  });
}

const char* till_card_handle(const till_card* card) { return card == nullptr ? nullptr : card->handle.c_str(); }

void till_card_free(till_card* card) {
  if (card == nullptr) return;
  till::forget_card(card->handle);
  delete card;
}
