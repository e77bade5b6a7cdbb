// Comparing a planned payment with a listed one: see likeness.h.
#include "core/payment/likeness.h"

namespace till {

Likeness likeness(const Payment& wanted, const Observation& seen, UnixMillis from, UnixMillis to) {
  if (seen.provider_id.empty() || wanted.reference.empty()) return Likeness::kOther;
  if (!wanted.amount || !seen.amount || !(seen.amount->currency() == wanted.amount->currency()))
    return Likeness::kOther;
  if (!(*seen.amount == *wanted.amount)) return Likeness::kOther;
  if (seen.test && *seen.test != wanted.test) return Likeness::kOther;
  if (!seen.created_at || *seen.created_at < from || *seen.created_at > to) return Likeness::kOther;
  if (seen.reference.empty()) return Likeness::kMaybe;
  return seen.reference == wanted.reference ? Likeness::kSame : Likeness::kOther;
}

}  // namespace till
