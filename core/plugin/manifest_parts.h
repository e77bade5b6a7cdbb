// The parts of a manifest, each read and checked by one function; parse_manifest() calls them in this order, because
// later parts refer to earlier ones. Inside the room only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/manifest.h"
#include "core/plugin/manifest_node.h"

namespace till::plugin {

// What the provider can do: capabilities, native, absent, permissions.
Status read_capabilities(const Node& root, Manifest& manifest);
// What a merchant fills in.
Status read_settings(const Node& root, Manifest& manifest);
// Where requests go: modes, default_mode, hosts. Needs the settings.
Status read_modes(const Node& root, Manifest& manifest);
// How requests are authenticated, and which secrets may stand where. Needs the settings.
Status read_auth(const Node& root, Manifest& manifest);
// headers, script_headers, idempotency. Needs auth.
Status read_headers(const Node& root, Manifest& manifest);
// How errors are told apart.
Status read_errors(const Node& root, Manifest& manifest);
// How often the provider may be asked.
Status read_rate_limit(const Node& root, Manifest& manifest);
// What the provider sends by itself, and how it is signed. Needs the capabilities and the settings.
Status read_webhooks(const Node& root, Manifest& manifest);

// How writes without an answer are settled: reconcile. Needs the capabilities and headers.
Status read_reconcile(const Node& root, Manifest& manifest);

// The schema of one of the settings; nullptr when there is none of that name.
const json::Value* find_setting(const Manifest& manifest, std::string_view name);
Status check_setting_type(const Node& node, const Manifest& manifest, std::string_view name, std::string_view type);
// A setting that is text, and secret if it must be.
Status check_setting_name(const Node& node, const Manifest& manifest, const std::string& name, bool must_be_secret);
// What follows from a setting that every gateway has a value for: {"setting": NAME, "values": {VALUE: ...}}.
struct SettingChoice {
  std::string setting;
  const json::Array* choices;  // of the setting: texts; borrowed from the manifest
  Node values;
  std::vector<std::pair<std::string, Node>> members;  // of `values`, each for one of the choices
};
Result<SettingChoice> read_choice(const Node& node, const Manifest& manifest);

// True for headers that neither a manifest nor a script may set: framing, routing, and the type of the body.
bool is_reserved_header(std::string_view name);

}  // namespace till::plugin
