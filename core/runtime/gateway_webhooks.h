// How a gateway's webhooks are verified: from its settings and the manifest to a verifier.
#pragma once

#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/runtime/gateway_config.h"
#include "core/webhook/keyring.h"

namespace till {

// The member `webhook_url`: where the provider sends webhooks, as it knows the address.
Status take_webhook_url(json::Object& settings, GatewayConfig& config);

// The secrets that verify webhooks: one text, or a list of texts and {"secret", "id", "not_before", "not_after"} while
// one secret follows another. The setting then holds the first text alone. Empty when the setting is absent.
// kConfiguration when it is there and empty: with an empty secret everybody can sign.
Result<std::vector<webhook::SecretText>> take_webhook_secrets(json::Object& settings, const plugin::Manifest& manifest);

// Sets `webhooks` and `webhook_secrets` where there are secrets; from then on what cannot be verified is refused.
// kConfiguration when the secrets are no good, the scheme signs the address and `webhook_url` is absent, or the setting
// that chooses the scheme and the secrets contradict each other.
Status read_webhook_verifier(std::vector<webhook::SecretText> secrets, GatewayConfig& config);

}  // namespace till
