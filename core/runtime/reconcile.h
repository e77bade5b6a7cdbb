// Reconcile: one pass over what a gateway does not know the end of: writes that were never answered, and payments that
// are due to be asked about. Several processes and machines may do it at once: each takes its share under leases.
#pragma once

#include <memory>
#include <string_view>

#include "core/runtime/gateway.h"

namespace till {

inline constexpr std::size_t kDefaultReconcileLimit = 100;
inline constexpr std::size_t kMaxReconcileLimit = 1'000;

// `input_json`: {"limit": how many writes and payments to ask about at most, 100}. Calls back once, on a thread of the
// Runtime or before it returns, with docs/schemas/reconcile.json. What the provider could not be asked is counted as
// `failed` there, and tried again later; an error is kInvalidRequest, or the store's.
void reconcile(std::shared_ptr<Gateway> gateway, std::string_view input_json, Gateway::Callback callback);

}  // namespace till
