// Likeness: whether a payment that a provider lists may be the one whose creation was never answered. Pure.
#pragma once

#include "core/base/clock.h"
#include "core/payment/payment.h"
#include "core/payment/transition.h"

namespace till {

enum class Likeness {
  kOther,  // certainly, or as far as can be told, another payment
  kMaybe,  // all that is said fits, but its reference is not said
  kSame,   // amount, currency, reference and time are the ones
};

// `from` and `to` bound when it can have been made. A listed payment that does not say when it was made, or over how
// much, is kOther: what is said by nobody proves nothing.
Likeness likeness(const Payment& wanted, const Observation& seen, UnixMillis from, UnixMillis to);

}  // namespace till
