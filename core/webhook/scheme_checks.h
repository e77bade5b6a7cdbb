// Whether a scheme agrees with itself. Inside the room only.
#pragma once

#include "core/base/result.h"
#include "core/webhook/scheme.h"
#include "core/webhook/scheme_node.h"

namespace till::webhook {

// kConfiguration with the place when the scheme claims more than it verifies: a time or a dedupe key that is not
// signed, a body that is not signed, a secret of a kind that the algorithm cannot have.
Status check_consistent(const Node& root, const Scheme& scheme);

}  // namespace till::webhook
