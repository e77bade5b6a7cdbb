// Settle: a person looked on the provider's dashboard, and says how a write ended that nobody else knows the end of.
#pragma once

#include <memory>
#include <string_view>

#include "core/runtime/gateway.h"

namespace till {

// `input_json`: docs/schemas/settle.json: which write, and either the provider's id of the payment that it made, which
// the provider is asked about and which must fit, or that it never had its effect, which nobody is asked about. Calls
// back once, on a thread of the Runtime or before it returns, with docs/schemas/payment.json, or null for a write that
// is about no payment.
//
// kInvalidRequest or kNotFound, with the place, when the input does not name one write of this gateway; kUnsupported
// without payments.get; kConflict "in_flight" while the write is under way, "already_settled" when it is done,
// "payment_known" when its payment is known to exist, "already_ours" when the provider's payment is another one of
// ours; kProvider with a code of apply() when it does not fit; what payments.get ends with; the store's. Nothing
// changed then. The same `provider_id` again gives the payment again.
void settle(std::shared_ptr<Gateway> gateway, std::string_view input_json, Gateway::Callback callback);

}  // namespace till
