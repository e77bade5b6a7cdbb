// GatewayConfig: reading settings. Members that every gateway has come first (manifests may not declare them), the rest
// by the provider's own schema.
#include "core/runtime/gateway_config.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/crypto/sin.h"
#include "core/http/target.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/plugin/schema.h"
#include "core/plugin/suggest.h"
#include "core/runtime/gateway_webhooks.h"
#include "core/runtime/handles.h"

namespace till {
namespace {

constexpr std::size_t kMaxLabelLength = 100;

// What every gateway has, whatever its provider.
constexpr std::array<std::string_view, 6> kCommonSettings{"mode",  "base_url",           "timeout_ms",
                                                          "label", "rate_limit_wait_ms", "webhook_url"};
// What is easily taken for a setting.
constexpr std::array<std::string_view, 8> kRuntimeOptions{"plugin_path",
                                                          "trusted_keys",
                                                          "store",
                                                          "ca_file",
                                                          "proxy",
                                                          "no_proxy",
                                                          "connect_timeout_ms",
                                                          "max_connections_per_origin"};

Error as_configuration(Error error) {
  if (error.kind != ErrorKind::kInvalidRequest) return error;
  error.kind = ErrorKind::kConfiguration;
  error.code = default_code(error.kind);
  return error;
}

// Takes a member that every gateway has out of the settings; empty when absent. An empty text is nobody's wish but a
// variable that was not set, and what stands for it may be the real thing.
Result<std::string> take_text(json::Object& settings, std::string_view key) {
  const json::Value* value = settings.find(key);
  if (!value || value->is_null()) return settings.erase(key), std::string();
  if (!value->string()) return configuration_error("$." + std::string(key), "expected text");
  if (value->string()->empty())
    return configuration_error("$." + std::string(key), "must not be empty: leave it out to have the usual one");
  std::string text = *value->string();
  settings.erase(key);
  return text;
}

Status take_mode(json::Object& settings, GatewayConfig& config) {
  const plugin::Manifest& manifest = config.manifest();
  TILL_ASSIGN(config.mode, take_text(settings, "mode"));
  if (config.mode.empty()) config.mode = manifest.default_mode;
  const auto mode = manifest.modes.find(config.mode);
  if (mode != manifest.modes.end()) {
    config.test = mode->second.test;
    config.base_url = mode->second.base_url;
    return {};
  }
  std::string known;
  for (const auto& [name, unused] : manifest.modes) known += (known.empty() ? "" : ", ") + name;
  return configuration_error("$.mode", manifest.name + " has no such mode; it has: " + known);
}

Status take_base_url(json::Object& settings, GatewayConfig& config) {
  TILL_ASSIGN(std::string given, take_text(settings, "base_url"));
  const bool from_mode = given.empty();
  if (!from_mode) config.base_url = std::move(given);
  while (config.base_url.ends_with('/')) config.base_url.pop_back();
  if (config.base_url.empty())
    return configuration_error("$.base_url", "this provider has no address of its own: give the one of your account");
  if (config.base_url.size() > kMaxUrlLength) return configuration_error("$.base_url", "the address is too long");
  const auto target = http::parse_target(config.base_url);
  if (!target.ok()) return configuration_error("$.base_url", target.error().message);
  if (target->path.find('?') != std::string::npos)
    return configuration_error("$.base_url", "the address may hold no query");
  const auto& hosts = config.manifest().hosts;
  if (from_mode && std::find(hosts.begin(), hosts.end(), target->host) == hosts.end())
    return plugin_error("manifest", "the manifest's own base_url is not among its hosts");
  return {};
}

// A span of time; `out` stays as it is when the settings do not give it.
Status take_span(json::Object& settings, std::string_view key, std::int64_t min_ms, std::int64_t max_ms,
                 std::int64_t& out) {
  const json::Value* value = settings.find(key);
  if (!value || value->is_null()) return settings.erase(key), Status();
  const auto span_ms = value->as_integer();
  if (!span_ms || *span_ms < min_ms || *span_ms > max_ms)
    return configuration_error("$." + std::string(key),
                               "expected an integer from " + std::to_string(min_ms) + " to " + std::to_string(max_ms));
  out = *span_ms;
  settings.erase(key);
  return {};
}

Status take_label(json::Object& settings, GatewayConfig& config) {
  TILL_ASSIGN(config.name, take_text(settings, "label"));
  if (config.name.size() > kMaxLabelLength)
    return configuration_error("$.label", "a label has at most " + std::to_string(kMaxLabelLength) + " characters");
  if (config.name.empty()) config.name = config.manifest().id + "/" + config.mode;
  return {};
}

// A line break pasted along with a key would otherwise show at the first call only, far from its cause.
Status check_secret(const std::string& setting, std::string_view secret) {
  if (std::any_of(secret.begin(), secret.end(), is_control))
    return configuration_error("$." + setting, "holds a line break or another control character: paste the key alone");
  return {};
}

// A key of another mode would work all the same where both modes share an address, and move the wrong money.
Status check_mode_of_secret(const GatewayConfig& config, const std::string& setting, std::string_view secret) {
  const auto& wrong = config.manifest().modes.find(config.mode)->second.wrong_prefixes;
  const auto prefixes = wrong.find(setting);
  if (prefixes == wrong.end()) return {};
  for (const std::string& prefix : prefixes->second)
    if (secret.starts_with(prefix))
      return configuration_error("$." + setting, "begins with " + prefix + ", so it is not for the mode `" +
                                                     config.mode +
                                                     "`: give another one, or open the gateway in its mode");
  return {};
}

// RFC 7617: the first colon ends the user name.
Status check_username(const GatewayConfig& config, const json::Object& script_settings) {
  const plugin::Auth& auth = config.manifest().auth;
  if (auth.scheme != plugin::Auth::Scheme::kBasic) return {};
  const auto holds_colon = [](std::string_view name) { return name.find(':') != name.npos; };
  const Secret* secret = config.secret(auth.username);
  const json::Value* plain = script_settings.find(auth.username);
  if ((secret && holds_colon(secret->reveal())) || (plain && plain->string() && holds_colon(*plain->string())))
    return configuration_error("$." + auth.username, "holds a colon, which no user name of Basic authentication can");
  return {};
}

Status take_version(json::Object& settings, GatewayConfig& config) {
  TILL_ASSIGN(config.pinned_version, take_text(settings, "plugin_version"));
  return {};
}

// Of the settings that are left when those of every gateway are taken out.
Status check_names(const json::Value& schema, const json::Object& settings) {
  std::vector<std::string_view> known;
  if (const json::Value* properties = schema.find("properties"))
    for (const auto& [name, property] : *properties->object()) known.emplace_back(name);
  known.insert(known.end(), kCommonSettings.begin(), kCommonSettings.end());
  for (const auto& [name, value] : settings) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string place = json::member_path("$", name);
    if (std::find(kRuntimeOptions.begin(), kRuntimeOptions.end(), name) != kRuntimeOptions.end())
      return configuration_error(place, "is no setting of a gateway: give it to the runtime as one of its options");
    const std::string help = plugin::did_you_mean(name, known);
    return configuration_error(place,
                               "unknown setting" + (help.empty() ? "; there are " + plugin::any_of(known) : help));
  }
  return {};
}

Status take_common(json::Object& settings, GatewayConfig& config) {
  TILL_TRY(take_version(settings, config));
  TILL_TRY(take_mode(settings, config));
  TILL_TRY(take_base_url(settings, config));
  TILL_TRY(take_span(settings, "timeout_ms", 1, kMaxTimeoutMs, config.timeout_ms));
  TILL_TRY(take_span(settings, "rate_limit_wait_ms", 0, kMaxRateLimitWaitMs, config.rate_limit_wait_ms));
  TILL_TRY(take_webhook_url(settings, config));
  return take_label(settings, config);
}

Status take_identity(GatewayConfig& config, json::Object& script_settings) {
  const plugin::Auth& auth = config.manifest().auth;
  if (auth.scheme != plugin::Auth::Scheme::kEcdsaSecp256k1) return {};
  const Secret* key = config.secret(auth.secret);
  if (!key) return {};
  auto identity = SigningKey::from_hex(*key);
  if (!identity.ok()) {
    Error error = as_configuration(std::move(identity).error());
    error.field = "$." + auth.secret;
    return error;
  }
  TILL_ASSIGN(const std::string sin, sin_of(identity->public_key()));
  script_settings.set("identity", json::Object{{"public_key", identity->public_key_hex()}, {"sin", sin}});
  config.identity = std::move(identity).value();
  return {};
}

std::size_t shortest(const GatewayConfig& config) {
  std::size_t size = std::string::npos;
  for (const auto& [setting, secret] : config.secrets) size = std::min(size, secret.reveal().size());
  for (const Secret& secret : config.webhook_secrets) size = std::min(size, secret.reveal().size());
  return size;
}

}  // namespace

const Secret* GatewayConfig::secret(std::string_view setting) const {
  const auto found = secrets.find(setting);
  return found == secrets.end() ? nullptr : &found->second;
}

bool GatewayConfig::waits_for_challenge() const {
  const std::string& setting = manifest().auth.challenge_setting;
  return !setting.empty() && script_settings.find_bool(setting).value_or(false);
}

bool GatewayConfig::redact_in(std::string& text) const {
  if (text.size() < shortest_secret) return false;
  bool found = false;
  for (const auto& [setting, secret] : secrets) found |= redact_secret(text, secret.reveal(), "[secret]");
  for (const Secret& secret : webhook_secrets) found |= redact_secret(text, secret.reveal(), "[secret]");
  return found;
}

std::string GatewayConfig::redact(std::string text) const {
  redact_in(text);
  return text;
}

std::string pinned_version(std::string_view settings_json) {
  if (settings_json.size() > kMaxSettingsBytes) return {};
  const auto parsed = json::parse(settings_json);
  return parsed.ok() ? std::string(parsed->find_string("plugin_version").value_or("")) : std::string();
}

Result<std::unique_ptr<const GatewayConfig>> read_gateway_config(std::shared_ptr<const plugin::Plugin> plugin,
                                                                 std::string_view settings_json) {
  if (settings_json.size() > kMaxSettingsBytes)
    return configuration_error("$", "settings have at most " + std::to_string(kMaxSettingsBytes) + " bytes");
  auto parsed = json::parse(settings_json.empty() ? "{}" : settings_json);
  if (!parsed.ok()) return as_configuration(std::move(parsed).error());
  if (!parsed->object()) return configuration_error("$", "settings are a JSON object");

  auto config = std::make_unique<GatewayConfig>();
  config->plugin = std::move(plugin);
  TILL_TRY(take_common(*parsed->object(), *config));
  TILL_TRY(check_names(config->manifest().settings_schema, *parsed->object()));
  TILL_ASSIGN(auto webhook_secrets, take_webhook_secrets(*parsed->object(), config->manifest()));
  const auto secret_settings = plugin::secret_names(config->manifest().settings_schema);
  for (const std::string& name : secret_settings)
    if (const auto secret = parsed->find_string(name); secret && name != config->manifest().webhooks.secret)
      TILL_TRY(check_secret(name, *secret));
  auto settings = plugin::validate(config->manifest().settings_schema, *std::move(parsed), "$");
  if (!settings.ok()) return as_configuration(std::move(settings).error());

  json::Object script_settings;
  json::Object has;
  for (auto& [name, value] : *settings->object()) {
    if (std::find(secret_settings.begin(), secret_settings.end(), name) == secret_settings.end()) {
      script_settings.set(name, std::move(value));
      continue;
    }
    if (!value.string() || value.string()->empty()) continue;
    TILL_TRY(check_mode_of_secret(*config, name, *value.string()));
    config->secrets.emplace(name, Secret(*value.string()));
    has.set(name, true);
  }
  script_settings.set("mode", config->mode);
  script_settings.set("base_url", config->base_url);
  script_settings.set("has", std::move(has));
  TILL_TRY(take_identity(*config, script_settings));
  TILL_TRY(check_username(*config, script_settings));
  config->script_settings = std::move(script_settings);
  config->account = config->script_settings.find_string(config->manifest().account_setting).value_or("");
  TILL_TRY(read_webhook_verifier(std::move(webhook_secrets), *config));
  config->shortest_secret = shortest(*config);
  return std::unique_ptr<const GatewayConfig>(std::move(config));
}

}  // namespace till
