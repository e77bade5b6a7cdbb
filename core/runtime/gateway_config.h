// GatewayConfig: a gateway's settings after they were checked, split into what scripts may see and what only the core
// may.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/ecdsa.h"
#include "core/crypto/secret.h"
#include "core/json/value.h"
#include "core/plugin/plugin.h"
#include "core/webhook/verifier.h"

namespace till {

inline constexpr std::int64_t kDefaultTimeoutMs = 30'000;
inline constexpr std::int64_t kMaxTimeoutMs = 600'000;
inline constexpr std::int64_t kMaxRateLimitWaitMs = 600'000;

// Immutable after read_gateway_config().
struct GatewayConfig {
  std::shared_ptr<const plugin::Plugin> plugin;
  std::string name;            // "acme/live", or the label
  std::string pinned_version;  // of the plugin, when the settings name one
  std::string mode;            // "live"
  bool test = false;           // the mode is one for tests
  std::string base_url;        // without a trailing slash
  std::int64_t timeout_ms = kDefaultTimeoutMs;
  std::int64_t rate_limit_wait_ms = 0;                 // how long one operation may wait in all for a rate limit
  json::Value script_settings;                         // the `settings` of scripts: no secret in it
  std::map<std::string, Secret, std::less<>> secrets;  // by name of the setting
  std::optional<SigningKey> identity;                  // for request signatures
  std::string account;      // whose money payments are, as the provider names merchants; empty: not said
  std::string webhook_url;  // the address to which webhooks come, where a scheme signs it
  std::optional<webhook::Verifier> webhooks;  // nullopt: webhooks are hints, whoever sends them
  std::vector<Secret> webhook_secrets;        // all that are in force, the ones to come and to go included
  std::size_t shortest_secret = 0;            // of both kinds, in bytes: no shorter text can hold one

  const plugin::Manifest& manifest() const { return plugin->manifest; }
  // The credentials of an operation stay here until the server asks for them.
  bool waits_for_challenge() const;
  const Secret* secret(std::string_view setting) const;
  // `text` with each of this gateway's secrets replaced by "[secret]".
  std::string redact(std::string text) const;
  // The same in place; true when there was one.
  bool redact_in(std::string& text) const;
};

// The plugin's version that the settings name; empty when they name none, or cannot be read at all.
std::string pinned_version(std::string_view settings_json);

// kConfiguration errors say where ("$.api_key") and never hold a value.
Result<std::unique_ptr<const GatewayConfig>> read_gateway_config(std::shared_ptr<const plugin::Plugin> plugin,
                                                                 std::string_view settings_json);

}  // namespace till
