// What a provider can do, what it cannot and why, and what it may touch.
#include <algorithm>

#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/operations.h"
#include "core/plugin/schema.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

constexpr std::size_t kMaxNativeName = 100;
// Members that the core itself puts into an operation's input, or takes out of it.
constexpr std::string_view kCoreInput[] = {"amount", "reference", "payment",  "state",
                                           "card",   "options",   "metadata", "idempotency_key"};

Status check_operation(const Node& node, std::string_view operation) {
  if (find_operation(operation) != nullptr) return {};
  return node.error("unknown operation" + did_you_mean(operation, operation_names()));
}

Status read_options(const Node& node, json::Value& out) {
  TILL_TRY(check_schema(node.value(), node.path()));
  if (node.value().find_string("type") != "object" || node.value().find("additionalProperties") == nullptr)
    return node.error("must be a schema of type `object` with `additionalProperties` false");
  if (has_secrets(node.value())) return node.error("options are stored with the payment, so none can be secret");
  out = node.value();
  return {};
}

Status check_input_name(const Node& node, const std::string& name) {
  if (!is_word(name, 1, 64)) return node.error("must be a name of a-z, 0-9 and _, beginning with a letter");
  if (std::find(std::begin(kCoreInput), std::end(kCoreInput), name) != std::end(kCoreInput))
    return node.error("is already part of the unified input");
  return {};
}

Status read_capability(const Node& node, std::string_view operation, Capability& out) {
  TILL_TRY(node.only({"options", "returns_secrets", "input", "other_currencies"}));
  if (const auto options = node.find("options")) TILL_TRY(read_options(*options, out.options_schema));
  TILL_ASSIGN(out.returns_secrets, node.flag("returns_secrets"));
  TILL_ASSIGN(out.extra_input, read_texts(node, "input", check_input_name));
  if (node.find("other_currencies") && operation != "refunds.create")
    return node.error("`other_currencies` is about `refunds.create` only");
  TILL_ASSIGN(out.other_currencies, node.flag("other_currencies"));
  return {};
}

Status read_supported(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(const Node capabilities, root.required("capabilities"));
  TILL_ASSIGN(const auto members, capabilities.members());
  if (members.empty()) return capabilities.error("must name at least one operation");
  for (const auto& [operation, node] : members) {
    TILL_TRY(check_operation(node, operation));
    TILL_TRY(read_capability(node, operation, manifest.capabilities[operation]));
  }
  if (manifest.capabilities.contains("payments.watch") && !manifest.capabilities.contains("payments.get"))
    return capabilities.error("`payments.watch` needs `payments.get`: what a stream tells is fetched");
  return {};
}

bool is_native_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNativeName && is_header_value(name);
}

Status read_native(const Node& root, Manifest& manifest) {
  const auto native = root.find("native");
  if (!native) return {};
  TILL_ASSIGN(const auto members, native->members());
  for (const auto& [name, node] : members) {
    if (!is_native_name(name)) return node.error("the name must be 1 to 100 printable ASCII characters");
    TILL_TRY(node.only({"write", "summary", "returns_secrets"}));
    NativeCall& call = manifest.native[name];
    TILL_ASSIGN(const bool write, node.flag("write"));
    call.read = !write;
    TILL_ASSIGN(const Node summary, node.required("summary"));
    TILL_ASSIGN(call.summary, summary.text());
    TILL_ASSIGN(call.returns_secrets, node.flag("returns_secrets"));
  }
  return {};
}

// "payments.create" is absent as itself, "payments" as a whole; either way no capability may say the opposite.
Status check_absent(const Node& node, const std::string& subject, const Manifest& manifest) {
  if (subject.find('.') != std::string::npos) TILL_TRY(check_operation(node, subject));
  for (const auto& [operation, capability] : manifest.capabilities)
    if (operation == subject || operation.starts_with(subject + "."))
      return node.error("`" + operation + "` is among the capabilities: an operation is present or absent, not both");
  return {};
}

Status read_absent(const Node& root, Manifest& manifest) {
  const auto absent = root.find("absent");
  if (!absent) return {};
  TILL_ASSIGN(const auto members, absent->members());
  for (const auto& [subject, node] : members) {
    if (subject.empty()) return node.error("the name of what is absent must not be empty");
    TILL_TRY(check_absent(node, subject, manifest));
    TILL_ASSIGN(manifest.absent[subject], node.text());
  }
  return {};
}

Status read_permissions(const Node& root, Manifest& manifest) {
  if (const auto permissions = root.find("permissions")) {
    TILL_TRY(permissions->only({"card_data"}));
    TILL_ASSIGN(manifest.card_data, permissions->flag("card_data"));
  }
  if (manifest.capabilities.contains("cards.verify") && !manifest.card_data)
    return root.error("`cards.verify` needs \"permissions\": {\"card_data\": true}");
  return {};
}

}  // namespace

Status read_capabilities(const Node& root, Manifest& manifest) {
  TILL_TRY(read_supported(root, manifest));
  TILL_TRY(read_native(root, manifest));
  TILL_TRY(read_absent(root, manifest));
  return read_permissions(root, manifest);
}

}  // namespace till::plugin
