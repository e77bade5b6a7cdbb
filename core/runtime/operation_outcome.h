// The values that an operation begins and ends with: pure functions beside the machine that orders the steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/payment/payment.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/handles.h"
#include "core/runtime/operation_input.h"
#include "core/store/store.h"

namespace till {

// How far apart the clocks may be of all that take part: the provider's, the sender's and that of who reconciles.
inline constexpr std::int64_t kClockSkewMs = 10LL * 60'000;

// A payment of this gateway of which nothing is known yet.
Payment blank_payment(const GatewayConfig& config);
// The payment that payments.create is about to make: pending, its outcome unknown until the provider answers.
Payment planned_payment(const GatewayConfig& config, const OperationInput& input, std::string id, UnixMillis now_ms);
// The provider's id of the refund that `input.id` names, ours or the provider's; ours where the provider gave it none.
std::string refund_provider_id(const Payment& payment, const json::Value& input);

// A payment's refunds by their ids, which are the provider's own or, where it gives refunds none, ours. Holds on to the
// list that it is given.
class RefundIndex {
 public:
  explicit RefundIndex(json::Array& refunds);
  // Good until append(); nullptr where there is none.
  json::Value* find(std::string_view id);
  void append(json::Value refund);

 private:
  void note(std::size_t at);

  json::Array& refunds_;
  std::unordered_map<std::string, std::size_t> places_;
};

// "refund.created"; the detail says which refund, too.
Event refund_event(const Payment& payment, const json::Value& refund, std::string source, const Clock& clock);

// What reconcile keeps of a write's input, for a script that looks for its payment; null when nothing was kept.
json::Value wanted_input(const Write& write);
// When the provider can have taken the write, by a clock of its own.
std::pair<UnixMillis, UnixMillis> settlement_window(const Write& write);

// What settles a write that nobody knows the end of, as Error::settle: "reconcile" where the manifest has a way or the
// payment's state shows it, else "dashboard" only.
std::string settled_by(const GatewayConfig& config, std::string_view operation);
// The same for people.
std::string_view how_to_settle(const GatewayConfig& config, std::string_view operation);

// What a call answers whose idempotency key was used before: the first outcome again, kConflict when the inputs differ,
// the first call is still under way or was settled as kNotDone, kOutcomeUnknown when nobody knows.
Result<std::string> earlier_outcome(const GatewayConfig& config, const Write& earlier, const Write& now,
                                    UnixMillis now_ms);

// The outcome of a write that was settled by hand as one that never had its effect: no JSON, and so no call's own.
inline constexpr std::string_view kNotDone = "not_done";
// What settling by hand answers about a write that is done: its payment, where that is the one that `provider_id`
// names; else kConflict, which says as what it was settled. `payment` is what the write is about, if anything.
Result<std::string> settled_before(const Write& write, const std::optional<Payment>& payment,
                                   std::string_view provider_id);
// What a call answers whose own reply came after its write was settled as kNotDone: nobody knows what is true.
Error done_after_all(const Write& write);

// What happened to a payment, as its history keeps it.
Event payment_event(const Payment& payment, std::string type, std::string source, const Clock& clock);
// "payment.mismatch": the provider told of it what cannot be true. `reason` is one of apply()'s codes.
Event mismatch_event(const Payment& payment, std::string_view reason, std::string source, const Clock& clock);

// The store failed, not the provider: the transaction is taken back, and perhaps tried again.
bool is_store_error(const Error& error);
// `error` with every secret and handle in its texts replaced.
Error hide_secrets(Error error, const GatewayConfig& config, const Handles& handles);
// `value` with every secret of the gateway replaced.
json::Value redacted(const GatewayConfig& config, json::Value value);
// `output` with a `raw` of more than kMaxRawBytes replaced by a note.
json::Value bounded_raw(json::Value output);

}  // namespace till
