// What a merchant fills in: the settings that a provider declares.
#include <algorithm>

#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/schema.h"

namespace till::plugin {
namespace {

// Every gateway has the first line's settings; the second line's names have a meaning in scripts.
constexpr std::string_view kReserved[] = {"mode",    "base_url", "timeout_ms", "rate_limit_wait_ms",
                                          "ca_file", "proxy",    "label",      "plugin_version",
                                          "has",     "identity"};

Status check_setting(const Node& node, const std::string& name) {
  if (!is_word(name, 1, 64)) return node.error("the name must be of a-z, 0-9 and _, beginning with a letter");
  if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved))
    return node.error("the name is reserved for the core");
  TILL_TRY(node.required("title"));
  TILL_TRY(node.required("description"));
  // A secret is found by its setting's name alone, so none can hide inside another setting.
  const bool secret = node.value().find_bool("secret").value_or(false);
  if (!secret && has_secrets(node.value())) return node.error("only a setting itself can be secret, not a part of it");
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
  return {};
}

}  // namespace till::plugin
