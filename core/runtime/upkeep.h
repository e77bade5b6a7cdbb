// Upkeep: what an operator asks of a whole store: how much there is, what may go, and all of it as a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/store/store.h"

namespace till {

// What is younger is not removed: providers send the same webhook again for as long (Stripe three days, others up to a
// month), and only the store knows that it took effect before.
inline constexpr std::int64_t kRedeliveryHorizonMs = std::int64_t{30} * 86'400'000;
// One round of pruning: short enough that changes which wait for it are not held up.
inline constexpr std::size_t kPrunedAtOnce = 500;
// A page of an export. A payment with its provider's reply is 256 KiB at most.
inline constexpr std::size_t kMaxExportPage = 100;

// Input and output: docs/schemas/store.info.json, store.prune.json, store.export.json; an input was checked before.
// `place` is shown as it is.
Result<json::Value> store_info(Store& store, const std::string& place);
// kInvalidRequest when webhooks younger than kRedeliveryHorizonMs are to go, unless `forget_webhooks` says so or
// nothing goes.
Result<json::Value> prune_store(Store& store, const Clock& clock, const json::Value& input);
// `redact` hides secrets in what handlers said that failed; empty: there are none.
Result<json::Value> export_store(Store& store, const json::Value& input,
                                 const std::function<std::string(std::string)>& redact);

}  // namespace till
