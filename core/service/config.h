// ServiceConfig: what `till serve` is told to do, read from JSON and checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/secret.h"
#include "core/http/server.h"
#include "core/runtime/runtime.h"

namespace till::service {

// A bearer token that can be guessed is none.
inline constexpr std::size_t kMinTokenLength = 16;
inline constexpr std::size_t kMaxTokenLength = 1024;
inline constexpr std::size_t kMaxGateways = 1000;
inline constexpr std::size_t kMaxGatewayNameLength = 64;
// Of a whole configuration, and of one file that holds a secret.
inline constexpr std::size_t kMaxConfigBytes = 4 * kMiB;
inline constexpr std::size_t kMaxSecretFileBytes = 64 * kKiB;

struct GatewaySetup {
  std::string name;  // as it stands in addresses: letters, digits, "-" and "_"
  std::string provider;
  Secret settings_json;  // what Gateway::open() takes, secrets filled in
};

// Where the inbox's events go.
struct HandlerSetup {
  std::string url;                       // https, or http on loopback
  Secret key;                            // the bytes of the Standard Webhooks secret
  std::int64_t timeout_ms = 15'000;      // for one answer
  std::int64_t max_in_flight = 8;        // events that are with the shop at the same time
  std::int64_t poll_interval_ms = 1000;  // how soon an event of another process, or one whose pause is over, is found
};

enum class LogLevel { kOff, kWarn, kInfo };

struct ServiceConfig {
  RuntimeOptions runtime;
  std::vector<http::ListenOptions> webhooks;  // anyone may reach these
  std::vector<http::ListenOptions> api;       // Unix sockets, loopback, or TLS
  Secret token;                               // for the api; empty when there is none
  std::vector<GatewaySetup> gateways;         // in their order
  http::ServerOptions server;                 // limits; without `listen`
  std::optional<HandlerSetup> handler;
  std::int64_t reconcile_interval_ms = 60'000;  // 0: never
  std::int64_t close_timeout_ms = 30'000;       // how long requests under way have at the end
  LogLevel log = LogLevel::kInfo;

  // {"runtime": what RuntimeOptions takes, "webhooks": {"listen", "cert_file", "key_file"}, "api": {the same, "token"},
  // "gateways": {name: {"provider", "settings"}}, "handler": {"url", "secret", ...}, "reconcile": {"interval_ms"},
  // "limits": {...}, "close_timeout_ms", "log": "info" | "warn" | "off"}: docs/serve.md. `listen` is one address or a
  // list. Any text below "settings", the token and the handler's secret may be {"env": "NAME"} or {"file": "/path"}
  // instead; those are read here, without a line break at their end. Unknown members are errors. kConfiguration with
  // the place; never quotes a secret.
  static Result<ServiceConfig> from_json(std::string_view text);
};

}  // namespace till::service
