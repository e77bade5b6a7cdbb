// Checks: what must be true. Each ends the process with give_up() when it is not.
#pragma once

#include "core/json/value.h"
#include "tests/kill/shared.h"
#include "tests/kill/shop.h"

namespace till::rounds {

// Right after the last worker was killed, before anything is mended: what was acknowledged is in the store, and so is
// the effect that the answer spoke of.
void check_acknowledged(Shop& shop, const Shared& shared);
// Once everything is settled and delivered: the store against the service's own books. Prints what there is.
void check_books(Shop& shop, const Shared& shared, const json::Value& books);
// Every event was handled, those of one payment in their order, and is done.
void check_handled(Shop& shop, Shared& shared);

}  // namespace till::rounds
