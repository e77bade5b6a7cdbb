// How requests are authenticated, and where else a secret may stand.
#include <array>

#include "core/base/ascii.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

constexpr std::array<std::string_view, 4> kSchemes = {"none", "header", "basic", "ecdsa_secp256k1"};

Status read_setting_name(const Node& auth, std::string_view key, const Manifest& manifest, bool must_be_secret,
                         std::string& out) {
  TILL_ASSIGN(const Node node, auth.required(key));
  TILL_ASSIGN(out, node.text());
  return check_setting_name(node, manifest, out, must_be_secret);
}

Status read_header_name(const Node& auth, std::string_view key, std::string& out) {
  TILL_ASSIGN(const Node node, auth.required(key));
  TILL_ASSIGN(out, node.text());
  if (!is_token(out)) return node.error("must be a header name such as X-Api-Key");
  if (is_reserved_header(out)) return node.error("is a header that the core itself sets");
  return {};
}

Status read_prefix_text(const Node& node, std::string& out) {
  const std::string* text = node.value().string();
  if (text == nullptr || !is_header_value(*text + "x"))
    return node.error("must be printable ASCII such as \"Bearer \"");
  out = *text;
  return {};
}

Status read_prefix_choice(const Node& node, Manifest& manifest) {
  Auth& auth = manifest.auth;
  TILL_ASSIGN(auto choice, read_choice(node, manifest));
  auth.prefix_setting = std::move(choice.setting);
  for (const auto& [value, prefix] : choice.members) TILL_TRY(read_prefix_text(prefix, auth.prefixes[value]));
  for (const json::Value& one : *choice.choices)
    if (!auth.prefixes.contains(*one.string())) return choice.values.error("misses the value `" + *one.string() + "`");
  return {};
}

Status read_header_auth(const Node& node, Manifest& manifest) {
  Auth& auth = manifest.auth;
  auth.scheme = Auth::Scheme::kHeader;
  TILL_TRY(node.only({"scheme", "header", "prefix", "secret"}));
  TILL_TRY(read_header_name(node, "header", auth.header));
  if (const auto prefix = node.find("prefix")) {
    const bool chosen = prefix->value().object() != nullptr;
    TILL_TRY(chosen ? read_prefix_choice(*prefix, manifest) : read_prefix_text(*prefix, auth.prefix));
  }
  return read_setting_name(node, "secret", manifest, true, auth.secret);
}

Status read_basic_auth(const Node& node, Manifest& manifest) {
  manifest.auth.scheme = Auth::Scheme::kBasic;
  TILL_TRY(node.only({"scheme", "username", "password", "challenge_setting"}));
  if (const auto challenge = node.find("challenge_setting")) {
    TILL_ASSIGN(manifest.auth.challenge_setting, challenge->text());
    TILL_TRY(check_setting_type(*challenge, manifest, manifest.auth.challenge_setting, "boolean"));
  }
  TILL_TRY(read_setting_name(node, "username", manifest, false, manifest.auth.username));
  return read_setting_name(node, "password", manifest, true, manifest.auth.password);
}

Status read_ecdsa_auth(const Node& node, Manifest& manifest) {
  Auth& auth = manifest.auth;
  auth.scheme = Auth::Scheme::kEcdsaSecp256k1;
  TILL_TRY(node.only({"scheme", "secret", "identity_header", "signature_header"}));
  TILL_TRY(read_setting_name(node, "secret", manifest, true, auth.secret));
  TILL_TRY(read_header_name(node, "identity_header", auth.identity_header));
  TILL_TRY(read_header_name(node, "signature_header", auth.signature_header));
  if (to_lower(auth.identity_header) == to_lower(auth.signature_header))
    return node.error("`identity_header` and `signature_header` must differ");
  return {};
}

Status read_scheme(const Node& node, Manifest& manifest) {
  TILL_ASSIGN(const Node scheme, node.required("scheme"));
  TILL_ASSIGN(const std::string name, scheme.text());
  if (name == "none") return node.only({"scheme"});
  if (name == "header") return read_header_auth(node, manifest);
  if (name == "basic") return read_basic_auth(node, manifest);
  if (name == "ecdsa_secp256k1") return read_ecdsa_auth(node, manifest);
  return scheme.error("must be one of " + any_of(kSchemes));
}

}  // namespace

Status read_auth(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(const Node auth, root.required("auth"));
  if (auth.value().object() == nullptr) return auth.error("must be an object");
  TILL_TRY(read_scheme(auth, manifest));
  TILL_ASSIGN(manifest.path_secrets, read_texts(root, "path_secrets", [&](const Node& node, const std::string& name) {
                return check_setting_name(node, manifest, name, true);
              }));
  TILL_ASSIGN(manifest.reply_secrets,
              read_texts(root, "reply_secrets", [](const Node&, const std::string&) { return Status(); }));
  return {};
}

}  // namespace till::plugin
