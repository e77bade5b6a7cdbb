// permissions_of(): read off the manifest.
#include "core/plugin/permissions.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/base/bytes.h"
#include "core/base/encoding.h"
#include "core/crypto/digest.h"
#include "core/plugin/schema.h"

namespace till::plugin {
namespace {

// A known scheme by its name, one of the provider's own by its digest.
std::string scheme_word(const std::string& scheme) {
  constexpr std::size_t kDigits = 16;
  if (!scheme.starts_with('{')) return scheme;
  return "by its own scheme " + hex_encode(byte_view(sha256(scheme))).substr(0, kDigits);
}

}  // namespace

std::vector<std::string> permissions_of(const Manifest& manifest) {
  std::set<std::string> out;
  if (manifest.card_data) out.insert("card_data");
  for (const std::string& host : manifest.hosts) out.insert("host " + host);
  for (const auto& [name, mode] : manifest.modes)
    if (mode.base_url.empty()) out.insert("host of the merchant");
  for (const std::string& name : manifest.path_secrets) out.insert("path_secret " + name);
  for (const auto& [operation, capability] : manifest.capabilities)
    if (capability.returns_secrets) out.insert("reveals " + operation);
  for (const auto& [name, call] : manifest.native)
    if (call.returns_secrets) out.insert("reveals native." + name);
  for (const std::string& name : manifest.script_headers) out.insert("script_header " + name);
  for (const std::string& name : secret_names(manifest.settings_schema)) out.insert("secret " + name);
  // What is believed of what strangers send: another scheme is another trust.
  if (!manifest.webhooks.scheme.empty()) out.insert("signed_webhooks " + scheme_word(manifest.webhooks.scheme));
  for (const auto& [value, scheme] : manifest.webhooks.schemes) out.insert("signed_webhooks " + scheme_word(scheme));
  return {out.begin(), out.end()};
}

std::vector<std::string> missing_permissions(const std::vector<std::string>& wanted,
                                             const std::vector<std::string>& approved) {
  std::vector<std::string> out;
  std::set_difference(wanted.begin(), wanted.end(), approved.begin(), approved.end(), std::back_inserter(out));
  return out;
}

}  // namespace till::plugin
