// The JSON in which the bindings hand over secrets and requests, and take verdicts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/webhook/request.h"
#include "core/webhook/verifier.h"

namespace till::webhook {

// A named scheme, or a scheme as JSON when the text begins with "{".
Result<Scheme> read_scheme_text(std::string_view text);

// ["text", {"secret": "text", "id": "k1", "not_before": "2026-11-20T00:00:00Z", "not_after": ...}]. The texts in
// `given` are wiped. kConfiguration, `field` "$.secrets[1]...".
Result<std::vector<SecretText>> read_secrets(json::Value& given);

// {"scheme", "signature", "trust", "key": {"index", "id"}, "signed_at", "dedupe_key"}:
// docs/schemas/webhook_verified.json.
std::string verified_json(const Scheme& scheme, const Verified& verified);

// All that a caller hands over as one JSON object: docs/schemas/webhook_verify.json.
struct Call {
  Verifier verifier;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string url, method;
  std::optional<UnixMillis> received_at;
};

// kConfiguration for the scheme and the secrets, kInvalidRequest for the rest.
Result<Call> read_call(std::string_view scheme, std::string_view request_json);

// The verdict on the body; `now_ms` stands in for an absent received_at.
Result<std::string> verify_call(const Call& call, std::string_view body, UnixMillis now_ms);
std::string explain_call(const Call& call, std::string_view body, UnixMillis now_ms);

// A secret: text, or an object as in read_secrets(). nullopt for null. The text in `given` is wiped.
Result<std::optional<SecretText>> read_one_secret(json::Value& given, const std::string& place);

// What a caller wants signed as one JSON object, docs/schemas/webhook_sign.json, and the body; the answer is
// docs/schemas/webhook_signed.json. Errors as sign().
Result<std::string> sign_call(std::string_view scheme, std::string_view request_json, std::string_view body,
                              const Clock& clock);

}  // namespace till::webhook
