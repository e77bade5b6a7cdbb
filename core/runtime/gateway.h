// Gateway: one merchant account at a provider: provider + settings + secrets + mode.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/runtime/exchange.h"
#include "core/runtime/runtime.h"

namespace till {

struct GatewayConfig;
struct GatewayMemory;

// Safe to call from any thread. Keeps its Runtime alive.
class Gateway : public std::enable_shared_from_this<Gateway> {
 public:
  // The reply's JSON text, or why there is none. Called once, on a thread of the Runtime; must not block.
  using Callback = std::function<void(Result<std::string>)>;

  // `settings_json` is an object checked against the provider's settings schema, plus the members that every gateway
  // has: `mode`, `base_url` (https, or http on loopback), `timeout_ms` (30,000), `rate_limit_wait_ms` (0: how long
  // an operation may wait in all until a rate limit lets it go on, beyond timeout_ms), `label` (names this account in
  // the store; give each account of one provider its own). kConfiguration errors say where ("$.api_key") and never hold
  // a value.
  static Result<std::shared_ptr<Gateway>> open(std::shared_ptr<Runtime> runtime, std::string_view provider,
                                               std::string_view settings_json);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // Runs one operation ("payments.create", "check", "native.getRates") to its end and returns its output as JSON text.
  // Blocks this thread, at most the gateway's timeout_ms and rate_limit_wait_ms plus the time of the store.
  Result<std::string> call(std::string_view operation, std::string_view input_json);
  // The same without blocking: returns at once, calls back later (possibly before start() returns).
  void start(std::string_view operation, std::string_view input_json, Callback callback);
  // The same, stepped by the caller with an HTTP client of its own.
  Result<std::unique_ptr<Exchange>> begin(std::string_view operation, std::string_view input_json);

  // "openpay", "openpay/live" or the label, the manifest, true in a test mode.
  const std::string& provider() const;
  const std::string& name() const;
  bool test() const;
  const plugin::Manifest& manifest() const;
  const GatewayConfig& config() const { return *config_; }
  Runtime& runtime() const { return *runtime_; }
  GatewayMemory& memory() const { return *memory_; }

 private:
  struct Private {};

 public:
  Gateway(Private, std::shared_ptr<Runtime> runtime, std::unique_ptr<const GatewayConfig> config);

 private:
  std::shared_ptr<Runtime> runtime_;
  std::unique_ptr<const GatewayConfig> config_;
  std::unique_ptr<GatewayMemory> memory_;
};

}  // namespace till
