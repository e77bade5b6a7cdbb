// parse_manifest(): the order of the checks, and those of the members that need only a line.
#include "core/plugin/manifest.h"

#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/money/currency.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"

namespace till::plugin {
namespace {

Status read_version(const Node& root, Manifest&) {
  TILL_ASSIGN(const Node version, root.required("manifest"));
  if (version.value().as_integer() == 1) return {};
  return version.error("must be 1, the version of the manifest format that this release reads");
}

Status read_web_url(const Node& node, std::string& out) {
  TILL_ASSIGN(out, node.text());
  return is_web_url(out) ? Status() : node.error("must be a whole URL that begins with https:// or http://");
}

Status read_identity(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(const Node id, root.required("id"));
  TILL_ASSIGN(manifest.id, id.text());
  if (!is_word(manifest.id, 2, 32)) return id.error("must be 2 to 32 of a-z, 0-9 and _, beginning with a letter");
  TILL_ASSIGN(const Node version, root.required("version"));
  TILL_ASSIGN(manifest.version, version.text());
  if (!is_semver(manifest.version)) return version.error("must be a semantic version such as 1.0.0");
  TILL_ASSIGN(const Node name, root.required("name"));
  TILL_ASSIGN(manifest.name, name.text());
  TILL_ASSIGN(const Node summary, root.required("summary"));
  TILL_ASSIGN(manifest.summary, summary.text());
  return {};
}

Status read_links(const Node& root, Manifest& manifest) {
  if (const auto homepage = root.find("homepage")) TILL_TRY(read_web_url(*homepage, manifest.homepage));
  TILL_ASSIGN(manifest.documentation, read_texts(root, "documentation", [](const Node& node, const std::string&) {
                std::string url;
                return read_web_url(node, url);
              }));
  return {};
}

Status read_currencies(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(manifest.currencies,
              read_texts(root, "currencies", [](const Node& node, const std::string& code) -> Status {
                auto currency = Currency::find(code);
                return currency.ok() ? Status() : node.error(currency.error().message);
              }));
  return {};
}

Status check_members(const Node& root, Manifest&) {
  return root.only({"manifest",      "id",           "version",     "name",       "summary",        "homepage",
                    "documentation", "capabilities", "native",      "absent",     "settings",       "modes",
                    "default_mode",  "hosts",        "auth",        "headers",    "script_headers", "path_secrets",
                    "reply_secrets", "errors",       "idempotency", "currencies", "permissions",    "rate_limit",
                    "webhooks",      "account",      "reconcile"});
}

// In this order: later parts refer to earlier ones.
constexpr Status (*kParts[])(const Node&, Manifest&) = {
    check_members, read_version, read_identity, read_links,      read_capabilities, read_settings,  read_modes,
    read_auth,     read_headers, read_errors,   read_rate_limit, read_webhooks,     read_reconcile, read_currencies};

Result<Manifest> read_manifest(json::Value document) {
  Manifest manifest;
  const Node root(document, "$");
  for (const auto part : kParts) TILL_TRY(part(root, manifest));
  manifest.document = std::move(document);
  return manifest;
}

Error unreadable(const Error& why) {
  Error error = plugin_error("manifest", why.message);
  error.field = why.field;
  return error;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  auto document = json::parse(text, {.max_bytes = kMaxManifestBytes});
  if (document.ok()) return read_manifest(*std::move(document));
  return unreadable(document.error());
}

// Parts that refer to others wait until those are right: their errors would only repeat the first one.
std::vector<Error> manifest_errors(std::string_view text) {
  const auto document = json::parse(text, {.max_bytes = kMaxManifestBytes});
  if (!document.ok()) return {unreadable(document.error())};
  Manifest manifest;
  const Node root(*document, "$");
  std::vector<Error> errors;
  bool can_refer = true;
  for (const auto part : kParts) {
    const bool refers = part == read_modes || part == read_auth || part == read_headers || part == read_webhooks ||
                        part == read_reconcile;
    if (refers && !can_refer) continue;
    Status read = part(root, manifest);
    if (read.ok()) continue;
    errors.push_back(std::move(read).error());
    if (refers || part == read_capabilities || part == read_settings) can_refer = false;
  }
  return errors;
}

}  // namespace till::plugin
