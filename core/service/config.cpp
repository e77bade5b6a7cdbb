#include "core/service/config.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/http/listener.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/runtime/reconciler.h"
#include "core/service/config_secrets.h"
#include "core/service/members.h"

namespace till::service {
namespace {

constexpr std::int64_t kMaxTimeMs = 3'600'000;

Status read_runtime(const json::Value* value, RuntimeOptions& out) {
  if (value == nullptr) return {};
  if (!value->object()) return configuration_error("$.runtime", "expected an object");
  auto read = RuntimeOptions::from_json(json::write(*value));
  if (!read.ok()) return inside(std::move(read).error(), "$.runtime");
  out = *std::move(read);
  return {};
}

// Plain HTTP carries the token, so it stays on this machine.
bool stays_here(const std::string& address) {
  if (address.starts_with("unix:")) return true;
  return http::is_loopback_host(std::string_view(address).substr(0, address.rfind(':')));
}

Status read_doors(const Members& members, bool private_only, std::vector<http::ListenOptions>& out) {
  std::vector<std::string> addresses;
  std::string cert_file, key_file;
  TILL_TRY(members.texts("listen", addresses));
  TILL_TRY(members.text("cert_file", cert_file));
  TILL_TRY(members.text("key_file", key_file));
  const std::string place = members.place_of("listen");
  if (addresses.empty()) return configuration_error(place, "an address to listen on is missing");
  if (cert_file.empty() != key_file.empty())
    return configuration_error(members.place_of(cert_file.empty() ? "cert_file" : "key_file"),
                               "cert_file and key_file go together");
  for (const std::string& address : addresses) {
    if (Status readable = http::Listener::check(address); !readable.ok())
      return configuration_error(place, readable.error().message);
    if (private_only && cert_file.empty() && !stays_here(address))
      return configuration_error(
          place,
          address + " can be reached from outside: use loopback or a Unix socket, or give cert_file and key_file");
    const bool is_unix = address.starts_with("unix:");
    out.push_back({address, is_unix ? std::string() : cert_file, is_unix ? std::string() : key_file});
  }
  return {};
}

Status read_webhooks(const json::Value* value, ServiceConfig& config) {
  if (value == nullptr) return {};
  TILL_ASSIGN(const Members members, Members::of(*value, "$.webhooks", {"listen", "cert_file", "key_file"}));
  TILL_TRY(read_doors(members, false, config.webhooks));
  return {};
}

Status read_api(const json::Value* value, ServiceConfig& config) {
  if (value == nullptr) return {};
  TILL_ASSIGN(const Members members, Members::of(*value, "$.api", {"listen", "cert_file", "key_file", "token"}));
  TILL_TRY(read_doors(members, true, config.api));
  const json::Value* token = members.find("token");
  const std::string place = members.place_of("token");
  if (token == nullptr) return configuration_error(place, "a token is missing: whoever has it may take payments");
  TILL_ASSIGN(config.token, read_secret(*token, place));
  const std::string_view text = config.token.reveal();
  if (text.size() < kMinTokenLength || text.size() > kMaxTokenLength ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; }))
    return configuration_error(place, "a token has 16 to 1024 letters, digits and marks, and no space");
  return {};
}

Status check_name(std::string_view name, const std::string& place) {
  auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; };
  if (!name.empty() && name.size() <= kMaxGatewayNameLength && std::all_of(name.begin(), name.end(), fits)) return {};
  return configuration_error(place, "a gateway's name has 1 to 64 letters, digits, \"-\" and \"_\"");
}

Result<GatewaySetup> read_gateway(const std::string& name, const json::Value& value) {
  const std::string place = json::member_path("$.gateways", name);
  TILL_TRY(check_name(name, place));
  TILL_ASSIGN(const Members members, Members::of(value, place, {"provider", "settings"}));
  GatewaySetup setup;
  setup.name = name;
  TILL_TRY(members.text("provider", setup.provider));
  if (setup.provider.empty()) return configuration_error(members.place_of("provider"), "the provider's id is missing");
  const json::Value* settings = members.find("settings");
  if (settings != nullptr && !settings->object())
    return configuration_error(members.place_of("settings"), "expected an object");
  TILL_ASSIGN(const json::Value filled, with_secrets(settings == nullptr ? json::Value(json::Object()) : *settings,
                                                     members.place_of("settings")));
  std::string text = json::write(filled);
  setup.settings_json = Secret(text);
  wipe(text);
  return setup;
}

Status read_gateways(const json::Value* value, std::vector<GatewaySetup>& out) {
  if (value == nullptr || !value->object() || value->object()->empty())
    return configuration_error("$.gateways", "no gateway is set up");
  if (value->object()->size() > kMaxGateways) return configuration_error("$.gateways", "at most 1000 gateways");
  for (const auto& [name, setup] : *value->object()) {
    TILL_ASSIGN(GatewaySetup read, read_gateway(name, setup));
    out.push_back(std::move(read));
  }
  return {};
}

// "whsec_" and base64 of 24 to 64 bytes, as the Standard Webhooks specification asks for.
Result<Secret> read_handler_key(const Secret& secret, const std::string& place) {
  constexpr std::string_view kPrefix = "whsec_";
  constexpr std::size_t kMinBytes = 24, kMaxBytes = 64;
  const std::string_view text = secret.reveal();
  auto bytes = base64_decode(text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : "");
  if (!bytes.ok() || bytes->size() < kMinBytes || bytes->size() > kMaxBytes)
    return configuration_error(place, "expected a Standard Webhooks secret: whsec_ and base64 of 24 to 64 bytes");
  Secret key(*bytes);
  wipe(*bytes);
  return key;
}

Status read_handler(const json::Value* value, std::optional<HandlerSetup>& out) {
  if (value == nullptr) return {};
  TILL_ASSIGN(const Members members,
              Members::of(*value, "$.handler", {"url", "secret", "timeout_ms", "max_in_flight", "poll_interval_ms"}));
  HandlerSetup setup;
  http::Request request;
  request.method = "POST";
  TILL_TRY(members.text("url", request.url));
  if (Status fits = http::check_request(request); !fits.ok())
    return configuration_error(members.place_of("url"), fits.error().message);
  setup.url = request.url;
  const json::Value* secret = members.find("secret");
  const std::string place = members.place_of("secret");
  if (secret == nullptr) return configuration_error(place, "a secret is missing: the shop tells by it who sends");
  TILL_ASSIGN(const Secret text, read_secret(*secret, place));
  TILL_ASSIGN(setup.key, read_handler_key(text, place));
  TILL_TRY(members.count("timeout_ms", 100, 600'000, setup.timeout_ms));
  TILL_TRY(members.count("max_in_flight", 1, 100, setup.max_in_flight));
  TILL_TRY(members.count("poll_interval_ms", 10, kMaxTimeMs, setup.poll_interval_ms));
  out = std::move(setup);
  return {};
}

Status read_reconcile(const json::Value* value, std::int64_t& interval_ms) {
  if (value == nullptr) return {};
  TILL_ASSIGN(const Members members, Members::of(*value, "$.reconcile", {"interval_ms"}));
  TILL_TRY(members.count("interval_ms", 0, kMaxReconcileEveryMs, interval_ms));
  if (interval_ms > 0 && interval_ms < kMinReconcileEveryMs)
    return configuration_error("$.reconcile.interval_ms",
                               "expected at least " + std::to_string(kMinReconcileEveryMs) + ", or 0 for never");
  return {};
}

Status read_limits(const json::Value* value, http::ServerOptions& out) {
  if (value == nullptr) return {};
  TILL_ASSIGN(const Members members,
              Members::of(*value, "$.limits",
                          {"max_connections", "max_buffered_bytes", "max_body_bytes", "max_header_bytes",
                           "header_timeout_ms", "body_timeout_ms", "idle_timeout_ms", "write_timeout_ms"}));
  TILL_TRY(members.count("max_connections", 1, 1'000'000, out.max_connections));
  TILL_TRY(members.count("max_buffered_bytes", kMiB, 16 * 1024 * kMiB, out.max_buffered_bytes));
  TILL_TRY(members.count("max_body_bytes", kKiB, kMaxInputBytes, out.request.body_bytes));
  TILL_TRY(members.count("max_header_bytes", kKiB, kMiB, out.request.header_bytes));
  TILL_TRY(members.count("header_timeout_ms", 1, kMaxTimeMs, out.header_timeout_ms));
  TILL_TRY(members.count("body_timeout_ms", 1, kMaxTimeMs, out.body_timeout_ms));
  TILL_TRY(members.count("idle_timeout_ms", 1, kMaxTimeMs, out.idle_timeout_ms));
  TILL_TRY(members.count("write_timeout_ms", 1, kMaxTimeMs, out.write_timeout_ms));
  return {};
}

Status read_log(const Members& members, LogLevel& out) {
  std::string level = "info";
  TILL_TRY(members.text("log", level));
  if (level == "off")
    out = LogLevel::kOff;
  else if (level == "warn")
    out = LogLevel::kWarn;
  else if (level != "info")
    return configuration_error("$.log", "expected \"info\", \"warn\" or \"off\"");
  return {};
}

}  // namespace

Result<ServiceConfig> ServiceConfig::from_json(std::string_view text) {
  auto parsed = json::parse(text, {.max_bytes = kMaxConfigBytes});
  if (!parsed.ok()) return configuration_error(parsed.error().field, parsed.error().message);
  TILL_ASSIGN(const Members members, Members::of(*parsed, "$",
                                                 {"runtime", "webhooks", "api", "gateways", "handler", "reconcile",
                                                  "limits", "close_timeout_ms", "log"}));
  ServiceConfig config;
  TILL_TRY(read_runtime(members.find("runtime"), config.runtime));
  TILL_TRY(read_webhooks(members.find("webhooks"), config));
  TILL_TRY(read_api(members.find("api"), config));
  TILL_TRY(read_gateways(members.find("gateways"), config.gateways));
  TILL_TRY(read_handler(members.find("handler"), config.handler));
  TILL_TRY(read_reconcile(members.find("reconcile"), config.reconcile_interval_ms));
  TILL_TRY(read_limits(members.find("limits"), config.server));
  TILL_TRY(members.count("close_timeout_ms", 0, kMaxTimeMs, config.close_timeout_ms));
  TILL_TRY(read_log(members, config.log));
  if (config.webhooks.empty() && config.api.empty())
    return configuration_error("$", "nothing to listen on: give webhooks, api or both");
  return config;
}

}  // namespace till::service
