// Manifest: everything about a provider that must be known before any of its code runs, and that the core itself acts
// on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::plugin {

// How requests are authenticated; the core does it, the script never sees the secret.
struct Auth {
  enum class Scheme { kNone, kHeader, kBasic, kEcdsaSecp256k1 };
  Scheme scheme = Scheme::kNone;
  std::string header;          // kHeader: e.g. "x-api-key"
  std::string prefix;          // kHeader: e.g. "Bearer "
  std::string prefix_setting;  // kHeader: the setting whose value chooses among `prefixes`; empty: `prefix` it is
  std::map<std::string, std::string, std::less<>> prefixes;  // kHeader: value of `prefix_setting` -> prefix
  std::string secret;                                        // kHeader, kEcdsaSecp256k1: the setting that holds the key
  std::string username, password;                            // kBasic: names of settings
  std::string challenge_setting;  // kBasic: true in this setting: sent only once the server asked for it
  std::string identity_header;    // kEcdsaSecp256k1: compressed public key in hex
  std::string signature_header;   // kEcdsaSecp256k1: hex of the DER signature over SHA-256(url || body)
};

// An integer from `low` to `high` stands at the JSON pointer.
struct PointerRange {
  std::string pointer;
  std::int64_t low = 0;
  std::int64_t high = 0;
};

// A condition on a reply and the error it means. The first rule that matches wins.
struct ErrorRule {
  std::optional<int> status;                                // exact
  std::optional<std::pair<int, int>> status_range;          // inclusive
  std::vector<std::pair<std::string, json::Value>> equals;  // JSON pointer -> value
  std::vector<std::string> truthy;  // JSON pointers whose value is not null, false, 0, "" or absent
  std::vector<PointerRange> ranges;
  ErrorKind kind = ErrorKind::kProvider;
  bool retryable = false;
};

struct ErrorMap {
  std::vector<ErrorRule> rules;
  std::vector<std::string> message;     // JSON pointers tried in order for the provider's own sentence
  std::vector<std::string> code;        // ... and code
  std::vector<std::string> field;       // ... and the field it blames
  std::vector<std::string> fields;      // ... and an object {field: message}
  std::vector<std::string> request_id;  // ... and its own id of the request
  std::string request_id_header;
};

// The header fields in which the provider says how often it may be asked; empty: it does not say.
struct RateLimit {
  enum class ResetUnit { kEpochSeconds, kSeconds };
  std::string limit_header, remaining_header, reset_header;
  ResetUnit reset_unit = ResetUnit::kEpochSeconds;
};

struct NativeCall {
  bool read = true;  // in the JSON: "write": true for a call that changes something
  std::string summary;
  bool returns_secrets = false;
};

struct Capability {
  json::Value options_schema;  // JSON Schema of `options`; null when it takes none
  // The answer holds a secret on purpose (a new token): it is handed out once and not stored.
  bool returns_secrets = false;
  std::vector<std::string> extra_input;  // further input members that this operation takes beside the unified ones
  bool other_currencies = false;         // refunds.create: what goes back may be in another currency than the payment
};

// What the provider sends by itself, as far as it is documented.
struct Webhooks {
  std::map<std::string, std::string, std::less<>> events;  // the provider's name -> one sentence
  std::string reason;                                      // why nothing can be verified, or not by default
  std::string secret;          // the setting with the secret that verifies them; empty: nothing can be verified
  std::string scheme;          // how they are signed: a scheme's name, or one as JSON; empty: `scheme_setting` says
  std::string scheme_setting;  // the setting whose value chooses among `schemes`; any other value means "not at all"
  std::map<std::string, std::string, std::less<>> schemes;
};

// How a write is settled whose answer never came, as far as the provider's documentation goes.
struct Reconcile {
  enum class By {
    kReference,  // payments.list, filtered by the reference
    kList,       // payments.list or refunds.list, looked through
    kRepeat,     // the same request again, with the same idempotency key
  };
  By by = By::kList;
  bool window = false;               // payments.list filters by `from` and `to`
  bool fetch = false;                // what is listed does not say its reference, payments.get does
  bool untimed = false;              // listed refunds say no time; the one that is no other call's counts
  std::int64_t keys_last_hours = 0;  // kRepeat: for so long the provider surely knows a key
};

struct Mode {
  std::string base_url;  // empty: the setting `base_url` must give it
  bool test = false;     // payments made in this mode carry test = true
  // Secret setting -> beginnings of values that belong to another mode, such as "sk_test_" for `live`.
  std::map<std::string, std::vector<std::string>, std::less<>> wrong_prefixes;
};

struct Manifest {
  std::string id, version, name, summary, homepage;
  std::vector<std::string> documentation;
  std::map<std::string, Capability, std::less<>> capabilities;  // "payments.create" -> ...
  std::map<std::string, NativeCall, std::less<>> native;        // "getRates" -> ...
  std::map<std::string, std::string, std::less<>> absent;       // operation or subject -> the reason that users see
  json::Value settings_schema;                                  // JSON Schema; "secret": true marks secrets
  std::map<std::string, Mode, std::less<>> modes;
  std::string default_mode;
  std::vector<std::string>
      hosts;  // lower case, without port: the only hosts that requests may go to, beside loopback and a given base_url
  Auth auth;
  std::map<std::string, std::string, std::less<>> headers;  // sent with every request
  std::vector<std::string> script_headers;                  // header names that the script may set
  std::vector<std::string> path_secrets;                    // settings that may stand in a path as {secret.NAME}
  std::vector<std::string> reply_secrets;  // object keys in replies whose values the script sees as handles only
  Webhooks webhooks;
  std::string account_setting;  // the setting that names the merchant as payments do; empty: there is none
  ErrorMap errors;
  RateLimit rate_limit;
  std::map<std::string, Reconcile, std::less<>> reconcile;  // "payments.create" -> ...
  std::string idempotency_header;       // empty: the provider has none, so sent writes are never repeated
  std::vector<std::string> currencies;  // accepted for amounts; empty: any known one
  bool card_data = false;               // may use card handles
  json::Value document;                 // the whole manifest, for display
};

// Parses and checks a manifest against docs/schemas/manifest.json's rules; unknown keys are errors. kPlugin, code
// "manifest", `field` is the place ("$.auth.scheme"), the message says what is allowed there.
Result<Manifest> parse_manifest(std::string_view text);

// Everything that is wrong with it, one error for each part that can be judged beside the others; empty when
// parse_manifest() takes it.
std::vector<Error> manifest_errors(std::string_view text);

}  // namespace till::plugin
