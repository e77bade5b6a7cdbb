// How a payment may change: pure functions. Reply, poll and webhook all come through apply().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/payment/payment.h"

namespace till {

// What a provider was seen to say of a payment, already in our words. Absent members say nothing.
struct Observation {
  std::string provider_id;
  std::optional<PaymentStatus> status;
  std::optional<Money> amount, amount_paid, amount_due, amount_refunded;
  std::string reference;
  std::string account;  // whose money it becomes, as the provider names merchants
  std::optional<bool> test;
  std::string checkout_url, qr_url;
  json::Value pay_to, next_action, decline;
  std::optional<UnixMillis> created_at, expires_at;
  json::Value state, raw;
};

// Reads what a provider's script returned. kPlugin, code "script_output", with the place in `field`.
Result<Observation> read_observation(const json::Value& output);

// True when a payment may go from one status to the other; staying is always allowed. `paid` is never left.
bool may_change(PaymentStatus from, PaymentStatus to);

struct Change {
  Payment payment;
  bool status_changed = false;
  bool became_known = false;  // its outcome was unknown until now
};

// The payment as it is after the observation. A status that may_change() forbids is ignored: late news moves nothing
// backwards. kProvider errors, and nothing changes, when the observation is of another payment: code "amount_mismatch",
// "amount_missing", "currency_mismatch", "reference_mismatch", "account_mismatch", "mode_mismatch" or "id_mismatch". A
// payment that the shop accepted may be paid with less than was asked for.
Result<Change> apply(const Payment& payment, const Observation& observation, UnixMillis now_ms);

// What a provider told cannot be so: an error with a code that is_mismatch_code() knows.
Error mismatch(std::string code, std::string message);

// What is not known, or is in another currency, is not less.
bool is_less(const std::optional<Money>& one, const std::optional<Money>& other);

// Whether an error's code is one of those of apply().
bool is_mismatch_code(std::string_view code);

// True when an observation that comes without its time may be applied as it is, because it can only be newer than what
// is known: the payment goes on, no money that was seen is gone, and no end is left. A late one that is not of this
// kind would move the payment back, so that the provider has to be asked.
bool goes_on(const Payment& payment, const Observation& observation);
// True when apply() would take it, though it may be older than what is known.
bool goes_back(const Payment& payment, const Observation& observation);

}  // namespace till
