// Explaining a verdict to the person whose webhook is refused. For a console and a log of the shop's own: it shows
// header values, and never a secret, a computed signature or the body.
#pragma once

#include "core/base/clock.h"
#include "core/json/value.h"
#include "core/webhook/request.h"
#include "core/webhook/verifier.h"

namespace till::webhook {

// What docs/schemas/webhook_explanation.json describes: the verdict, the pieces that are signed, each signature
// compared with each secret, and the clocks. Parts that the request does not let be found are left out.
json::Value explain(const Verifier& verifier, const Request& request, UnixMillis received_at);

}  // namespace till::webhook
