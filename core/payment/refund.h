// Refunds beside their payment: what may be asked for, which of them calls have made, and whether what the provider
// told is what was asked for. Pure.
#pragma once

#include <optional>

#include "core/base/result.h"
#include "core/money/money.h"
#include "core/payment/payment.h"

namespace till {

// What the `amount` of a refund is, or of what was asked for; nullopt where there is none that can be read.
std::optional<Money> amount_of(const json::Value& refund);

// What can still go back by what is known: what came, without the refunds that neither failed nor were cancelled.
// nullopt where it is not known what came, or how much one of the refunds is, or where they are in several currencies.
std::optional<Money> refundable(const Payment& payment);

// Notes that a call made this refund, by its id of ours; false when that is known already.
bool claim_refund(Payment& payment, const json::Value& refund);

// kInvalidRequest: at "$.amount.currency" when `asked` is in another currency than the payment, at "$.amount.amount"
// when it is more than is refundable(). Where refunds may be in `other_currencies` nothing can be said against it: the
// provider's script knows what an amount stands for.
Status check_refund_asked(const Payment& payment, const Money& asked, bool other_currencies);

// What a provider told of the refund that was asked for; without an amount all was to go back. kProvider, code
// "currency_mismatch" or "amount_mismatch". Amounts in `other_currencies` cannot be compared, and pass.
Status check_refund_told(const Payment& payment, const std::optional<Money>& asked, const Money& told,
                         bool other_currencies);

}  // namespace till
