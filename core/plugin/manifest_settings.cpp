// What a merchant fills in: the settings that a provider declares.
#include <algorithm>

#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/schema.h"

namespace till::plugin {
namespace {

// Every gateway has the first line's settings; the second line's names have a meaning in scripts.
constexpr std::string_view kReservedSettings[] = {"mode",    "base_url", "timeout_ms", "rate_limit_wait_ms",
                                                  "ca_file", "proxy",    "label",      "plugin_version",
                                                  "has",     "identity", "webhook_url"};

Status check_setting(const Node& node, const std::string& name) {
  if (!is_word(name, 1, 64)) return node.error("the name must be of a-z, 0-9 and _, beginning with a letter");
  if (std::find(std::begin(kReservedSettings), std::end(kReservedSettings), name) != std::end(kReservedSettings))
    return node.error("the name is reserved for the core");
  TILL_TRY(node.required("title"));
  TILL_TRY(node.required("description"));
  // A secret is found by its setting's name alone, so none can hide inside another setting.
  const bool secret = node.value().find_bool("secret").value_or(false);
  if (!secret && has_secrets(node.value())) return node.error("only a setting itself can be secret, not a part of it");
  return {};
}

// The setting that names the merchant's account as the provider's payments do.
Status read_account(const Node& root, Manifest& manifest) {
  const auto account = root.find("account");
  if (!account) return {};
  TILL_TRY(account->only({"setting"}));
  TILL_ASSIGN(const Node setting, account->required("setting"));
  TILL_ASSIGN(manifest.account_setting, setting.text());
  TILL_TRY(check_setting_name(setting, manifest, manifest.account_setting, false));
  const json::Value& schema = *find_setting(manifest, manifest.account_setting);
  return schema.find_bool("secret").value_or(false) ? setting.error("the setting must not be secret") : Status();
}

// A plain enum that has a value in every gateway.
Status check_choice_setting(const Node& node, const Manifest& manifest, const std::string& name) {
  TILL_TRY(check_setting_name(node, manifest, name, false));
  const json::Value& setting = *find_setting(manifest, name);
  if (setting.find_bool("secret").value_or(false)) return node.error("the setting must not be secret");
  if (setting.find("enum") == nullptr) return node.error("the setting must have an `enum`");
  const json::Value* required = manifest.settings_schema.find("required");
  const bool is_required = required != nullptr && std::find(required->array()->begin(), required->array()->end(),
                                                            json::Value(name)) != required->array()->end();
  if (!is_required && setting.find("default") == nullptr)
    return node.error("the setting must have a default or be required");
  return {};
}

}  // namespace

Status read_settings(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(const Node settings, root.required("settings"));
  TILL_TRY(check_schema(settings.value(), settings.path()));
  if (settings.value().find_string("type") != "object" || settings.value().find("additionalProperties") == nullptr)
    return settings.error("must be a schema of type `object` with `additionalProperties` false");
  if (const auto properties = settings.find("properties")) {
    TILL_ASSIGN(const auto members, properties->members());
    for (const auto& [name, node] : members) TILL_TRY(check_setting(node, name));
  }
  manifest.settings_schema = settings.value();
  return read_account(root, manifest);
}

const json::Value* find_setting(const Manifest& manifest, std::string_view name) {
  const json::Value* properties = manifest.settings_schema.find("properties");
  return properties == nullptr ? nullptr : properties->find(name);
}

Status check_setting_type(const Node& node, const Manifest& manifest, std::string_view name, std::string_view type) {
  const json::Value* setting = find_setting(manifest, name);
  if (setting == nullptr) return node.error("must be the name of one of the `settings`");
  if (setting->find_string("type") != type)
    return node.error("the setting must be of type `" + std::string(type) + "`");
  return {};
}

Status check_setting_name(const Node& node, const Manifest& manifest, const std::string& name, bool must_be_secret) {
  TILL_TRY(check_setting_type(node, manifest, name, "string"));
  const json::Value* setting = find_setting(manifest, name);
  if (must_be_secret && !setting->find_bool("secret").value_or(false))
    return node.error("the setting must be marked \"secret\": true");
  return {};
}

Result<SettingChoice> read_choice(const Node& node, const Manifest& manifest) {
  TILL_TRY(node.only({"setting", "values"}));
  TILL_ASSIGN(const Node setting, node.required("setting"));
  TILL_ASSIGN(std::string name, setting.text());
  TILL_TRY(check_choice_setting(setting, manifest, name));
  TILL_ASSIGN(const Node values, node.required("values"));
  TILL_ASSIGN(auto members, values.members());
  const json::Array& choices = *find_setting(manifest, name)->find("enum")->array();
  for (const auto& [value, member] : members)
    if (std::find(choices.begin(), choices.end(), json::Value(value)) == choices.end())
      return member.error("the setting cannot have this value");
  return SettingChoice{std::move(name), &choices, values, std::move(members)};
}

}  // namespace till::plugin
