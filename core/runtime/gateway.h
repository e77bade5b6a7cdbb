// Gateway: one merchant account at a provider: provider + settings + secrets + mode.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/crypto/secret.h"
#include "core/runtime/exchange.h"
#include "core/runtime/runtime.h"

namespace till {

class Engine;
struct GatewayConfig;
struct GatewayMemory;
struct LocalScope;

// Safe to call from any thread. Keeps its Runtime alive.
class Gateway : public std::enable_shared_from_this<Gateway> {
 public:
  // The reply's JSON text, or why there is none. Called once, on a thread of the Runtime; must not block.
  using Callback = std::function<void(Result<std::string>)>;

  // `settings_json` is an object checked against the provider's settings schema, plus the members that every gateway
  // has: `mode`, `base_url` (https, or http on loopback), `timeout_ms` (30,000), `rate_limit_wait_ms` (0: how long
  // an operation may wait in all until a rate limit lets it go on, beyond timeout_ms), `label` (names this account in
  // the store; give each account of one provider its own, for under one name two share their payments and idempotency
  // keys), `plugin_version` (stays with this version of the plugin,
  // whatever is loaded later). kConfiguration errors say where ("$.api_key") and never hold a value.
  //
  // The same name may be opened again, with another key too: keys change, and nobody can tell a new one from that of
  // another account. Refused, at "$.label", is only what certainly is another account than that of a gateway which is
  // open: of another provider, or with another value of the setting by which the provider names its merchants.
  static Result<std::shared_ptr<Gateway>> open(std::shared_ptr<Runtime> runtime, std::string_view provider,
                                               std::string_view settings_json);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Runs one operation ("payments.create", "check", "native.getRates") to its end and returns its output as JSON text.
  // Blocks this thread, at most the gateway's timeout_ms and rate_limit_wait_ms plus the time of the store.
  Result<std::string> call(std::string_view operation, std::string_view input_json);
  // The same without blocking: returns at once, calls back later (possibly before start() returns). What has to be
  // looked up in the store first is, on a thread of the Runtime.
  void start(std::string_view operation, std::string_view input_json, Callback callback);
  // The same, stepped by the caller with an HTTP client of its own. kUnsupported, code "no_exchange", for what asks no
  // provider (local_operation.h).
  Result<std::unique_ptr<Exchange>> begin(std::string_view operation, std::string_view input_json);

  // "acme", "acme/live" or the label, the merchant as the settings name it or nothing, true in a test mode. They never
  // change.
  const std::string& provider() const { return provider_; }
  const std::string& name() const { return name_; }
  const std::string& account() const { return account_; }
  bool test() const { return test_; }
  // The version of the plugin that the next call will use.
  std::string plugin_version();

  // The settings as the plugin's newest version takes them. After Runtime::reload_plugins() the first call moves on to
  // the version that is newest then, unless the settings name one. It stays with the old one, and a warning is logged,
  // when the settings are no good for the new one, or would be another account.
  std::shared_ptr<const GatewayConfig> config();
  // The same settings for another version of the plugin; null when it is not loaded, or does not take them.
  std::shared_ptr<const GatewayConfig> config_for(const std::string& version);
  Runtime& runtime() const { return *runtime_; }
  GatewayMemory& memory() const { return *memory_; }

 private:
  struct Private {};

 public:
  Gateway(Private, std::shared_ptr<Runtime> runtime, std::shared_ptr<const GatewayConfig> config,
          std::string_view settings_json, std::uint64_t generation);

 private:
  void prepare_and_drive(Engine& engine, std::string_view operation, std::string_view input_json, Callback callback);
  LocalScope local_scope();
  std::shared_ptr<const GatewayConfig> newest_config(const std::shared_ptr<const GatewayConfig>& now);

  std::shared_ptr<Runtime> runtime_;
  const std::string provider_, name_, account_;
  const bool test_;
  const Secret settings_;  // the JSON text, as it was given
  // The rest is guarded by fork_mutex().
  std::shared_ptr<const GatewayConfig> config_;
  std::uint64_t generation_;  // of the runtime's plugins, as of which config_ is the newest
  std::map<std::string, std::shared_ptr<const GatewayConfig>> others_;  // config_for(), by version; null: not usable
  std::unique_ptr<GatewayMemory> memory_;
};

}  // namespace till
