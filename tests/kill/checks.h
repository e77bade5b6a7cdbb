// Checks: what must be true. Each ends the process with give_up() when it is not.
#pragma once

#include "core/json/value.h"
#include "tests/kill/shared.h"
#include "tests/kill/shop.h"

namespace till::rounds {

// Right after the last worker was killed, before anything is mended: what a call answered is in the store: payments and
// refunds that were made, events that were acknowledged with the effect that was told, and events that are done.
void check_answers(Shop& shop, Shared& shared);
// Once everything is settled and delivered: the store against the service's own books. Prints what there is.
void check_books(Shop& shop, const Shared& shared, const json::Value& books);
// Every event was handled, those of one payment in their order, and is done.
void check_handled(Shop& shop, Shared& shared);

}  // namespace till::rounds
