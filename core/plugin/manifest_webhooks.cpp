// What a provider sends by itself: its events, and whether they prove where they come from.
#include "core/json/json.h"
#include "core/plugin/manifest_parts.h"
#include "core/webhook/json_forms.h"

namespace till::plugin {
namespace {

constexpr std::size_t kMaxEventName = 255;

Status read_events(const Node& node, Webhooks& out) {
  TILL_ASSIGN(const auto members, node.members());
  for (const auto& [name, sentence] : members) {
    if (name.empty() || name.size() > kMaxEventName) return sentence.error("the name must be 1 to 255 bytes");
    TILL_ASSIGN(out.events[name], sentence.text());
  }
  return {};
}

// A known scheme's name, or a scheme of the provider's own. One that verifies nothing is no signature.
Status read_scheme(const Node& node, std::string& out) {
  if (node.value().object()) {
    out = json::write(node.value());
  } else {
    TILL_ASSIGN(out, node.text());
  }
  const auto scheme = webhook::read_scheme_text(out);
  if (!scheme.ok()) return node.error(scheme.error().message);
  if (scheme->method == webhook::Scheme::Method::kRefetch)
    return node.error("verifies nothing: write \"signed\": false and the reason");
  return {};
}

// Where the documentation leaves open how it is signed, the merchant says so.
Status read_scheme_choice(const Node& node, Manifest& manifest) {
  Webhooks& out = manifest.webhooks;
  TILL_ASSIGN(auto choice, read_choice(node, manifest));
  out.scheme_setting = std::move(choice.setting);
  for (const auto& [value, scheme] : choice.members) TILL_TRY(read_scheme(scheme, out.schemes[value]));
  return out.schemes.empty() ? choice.values.error("must name at least one scheme") : Status();
}

Status read_signed(const Node& node, Manifest& manifest) {
  Webhooks& out = manifest.webhooks;
  TILL_TRY(node.required("signed"));
  TILL_ASSIGN(const bool is_signed, node.flag("signed"));
  if (const auto reason = node.find("reason")) {
    TILL_ASSIGN(out.reason, reason->text());
  }
  if (!is_signed) {
    TILL_TRY(node.required("reason"));
    for (const char* key : {"scheme", "secret"})
      if (const auto given = node.find(key)) return given->error("belongs to webhooks that are signed");
    return {};
  }
  TILL_ASSIGN(const Node secret, node.required("secret"));
  TILL_ASSIGN(out.secret, secret.text());
  TILL_TRY(check_setting_name(secret, manifest, out.secret, true));
  TILL_ASSIGN(const Node scheme, node.required("scheme"));
  const bool chosen = scheme.find("setting").has_value();
  return chosen ? read_scheme_choice(scheme, manifest) : read_scheme(scheme, out.scheme);
}

}  // namespace

Status read_webhooks(const Node& root, Manifest& manifest) {
  const auto node = root.find("webhooks");
  if (node) {
    TILL_TRY(node->only({"events", "signed", "reason", "scheme", "secret"}));
    TILL_ASSIGN(const Node events, node->required("events"));
    TILL_TRY(read_events(events, manifest.webhooks));
    TILL_TRY(read_signed(*node, manifest));
  }
  if (!manifest.capabilities.contains("webhooks.receive")) return {};
  if (!node) return root.error("`webhooks.receive` needs the member `webhooks`");
  if (!manifest.capabilities.contains("payments.get"))
    return root.error("`webhooks.receive` needs `payments.get`: what a webhook says is fetched");
  return {};
}

}  // namespace till::plugin
