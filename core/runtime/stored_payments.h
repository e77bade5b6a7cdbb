// What the store knows of a gateway's payments, without asking anybody.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/store/store.h"

namespace till {

// payments.stored within the store: `input` was checked against docs/schemas/payments.stored.json, the output is a page
// of payments, newest first. `gateway`: only its payments; empty: those of all. Errors: the store's.
Result<json::Value> list_stored_payments(Store& store, const std::string& gateway, const json::Value& input);

// A warning for each payment that a list leaves out because its record cannot be read.
void log_unreadable(const std::vector<std::string>& payment_ids);

}  // namespace till
