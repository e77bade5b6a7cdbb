// How a gateway's webhooks are verified: see gateway_webhooks.h.
#include "core/runtime/gateway_webhooks.h"

#include <algorithm>
#include <utility>

#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/json/path.h"
#include "core/plugin/format.h"
#include "core/plugin/schema.h"
#include "core/webhook/json_forms.h"

namespace till {
namespace {

// `error` at the setting, where it stands at "$.secrets" so far.
Error at_setting(Error error, const std::string& setting, bool is_list) {
  constexpr std::string_view kPlace = "$.secrets";
  const bool inside = is_list && error.field.starts_with(kPlace);
  error.kind = ErrorKind::kConfiguration;
  error.code = default_code(error.kind);
  error.field = "$." + setting + (inside ? error.field.substr(kPlace.size()) : std::string());
  return error;
}

// A line break pasted along with a secret would show as a mismatch only. Public keys in PEM have theirs.
Status check_text(const Secret& text, const std::string& place) {
  const std::string_view bytes = text.reveal();
  if (bytes.empty())
    return configuration_error(place,
                               "is empty, so that anybody could sign: give the secret, or leave the setting out");
  const bool pem = bytes.starts_with("-----BEGIN ");
  if (!pem && std::any_of(bytes.begin(), bytes.end(), is_control))
    return configuration_error(place, "holds a line break or another control character: paste the secret alone");
  return {};
}

// Empty: webhooks are not verified.
Result<std::string> chosen_scheme(const GatewayConfig& config, bool has_secret) {
  const plugin::Webhooks& webhooks = config.manifest().webhooks;
  if (webhooks.scheme_setting.empty()) return has_secret ? webhooks.scheme : std::string();
  const std::string choice(config.script_settings.find_string(webhooks.scheme_setting).value_or(""));
  const auto found = webhooks.schemes.find(choice);
  const bool chosen = found != webhooks.schemes.end();
  if (chosen && !has_secret)
    return configuration_error("$." + webhooks.secret, "is needed when `" + webhooks.scheme_setting + "` is `" +
                                                           choice + "`: it is what the signature is made with");
  if (!chosen && has_secret)
    return configuration_error("$." + webhooks.scheme_setting,
                               "is `" + choice + "`, so that `" + webhooks.secret +
                                   "` would verify nothing: choose how webhooks are signed, or leave the secret out");
  return chosen ? found->second : std::string();
}

}  // namespace

Status take_webhook_url(json::Object& settings, GatewayConfig& config) {
  const json::Value* given = settings.find("webhook_url");
  if (!given || given->is_null()) return settings.erase("webhook_url"), Status();
  const bool is_url =
      given->string() && given->string()->size() <= kMaxUrlLength && plugin::is_web_url(*given->string());
  if (!is_url)
    return configuration_error("$.webhook_url", "expected the whole address, as the provider knows it: https://...");
  config.webhook_url = *given->string();
  settings.erase("webhook_url");
  return {};
}

Result<std::vector<webhook::SecretText>> take_webhook_secrets(json::Object& settings,
                                                              const plugin::Manifest& manifest) {
  std::vector<webhook::SecretText> none;
  const std::string& setting = manifest.webhooks.secret;
  json::Value* given = setting.empty() ? nullptr : settings.find(setting);
  if (!given || given->is_null()) return none;
  const bool is_list = given->array() != nullptr;
  json::Value list = is_list ? *given : json::Value(json::Array{*given});
  auto secrets = webhook::read_secrets(list);
  if (!secrets.ok()) return at_setting(std::move(secrets).error(), setting, is_list);
  if (secrets->empty()) return configuration_error("$." + setting, "is an empty list: give a secret, or leave it out");
  const json::Value& schema = *manifest.settings_schema.find("properties")->find(setting);
  for (std::size_t i = 0; i < secrets->size(); ++i) {
    const Secret& text = (*secrets)[i].text;
    const std::string place = is_list ? json::element_path("$." + setting, i) : "$." + setting;
    TILL_TRY(check_text(text, place));
    if (const Status fits = plugin::check(schema, std::string(text.reveal()), place); !fits.ok()) {
      Error error = fits.error();
      error.kind = ErrorKind::kConfiguration;
      error.code = default_code(error.kind);
      return error;
    }
  }
  *given = std::string(secrets->front().text.reveal());
  return secrets;
}

Status read_webhook_verifier(std::vector<webhook::SecretText> secrets, GatewayConfig& config) {
  const plugin::Webhooks& declared = config.manifest().webhooks;
  if (declared.secret.empty()) return {};
  TILL_ASSIGN(const std::string text, chosen_scheme(config, !secrets.empty()));
  if (text.empty()) return {};
  TILL_ASSIGN(webhook::Scheme scheme, webhook::read_scheme_text(text));
  if (webhook::needs_url(scheme) && config.webhook_url.empty())
    return configuration_error("$.webhook_url",
                               "is needed: these webhooks are signed over the address they are sent to");
  for (const webhook::SecretText& secret : secrets) config.webhook_secrets.push_back(secret.text.clone());
  auto verifier = webhook::Verifier::create(std::move(scheme), std::move(secrets));
  if (!verifier.ok())
    return at_setting(std::move(verifier).error(), declared.secret, config.webhook_secrets.size() > 1);
  config.webhooks.emplace(std::move(verifier).value());
  return {};
}

}  // namespace till
