// What a provider sends by itself: its events, and whether they prove where they come from.
#include "core/plugin/manifest_parts.h"

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

// This version of the format has no way to describe a signature.
Status read_signed(const Node& node, Webhooks& out) {
  TILL_TRY(node.required("signed"));
  TILL_ASSIGN(const bool is_signed, node.flag("signed"));
  if (is_signed)
    return node.find("signed")->error(
        "must be false: gateways of this release believe no webhook and fetch the payment instead");
  TILL_ASSIGN(const Node reason, node.required("reason"));
  TILL_ASSIGN(out.reason, reason.text());
  return {};
}

}  // namespace

Status read_webhooks(const Node& root, Manifest& manifest) {
  const auto node = root.find("webhooks");
  if (node) {
    TILL_TRY(node->only({"events", "signed", "reason"}));
    TILL_ASSIGN(const Node events, node->required("events"));
    TILL_TRY(read_events(events, manifest.webhooks));
    TILL_TRY(read_signed(*node, manifest.webhooks));
  }
  if (!manifest.capabilities.contains("webhooks.receive")) return {};
  if (!node) return root.error("`webhooks.receive` needs the member `webhooks`");
  if (!manifest.capabilities.contains("payments.get"))
    return root.error("`webhooks.receive` needs `payments.get`: what a webhook says is fetched");
  return {};
}

}  // namespace till::plugin
