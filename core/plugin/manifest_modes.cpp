// Where requests may go: modes with their base URLs, and hosts.
#include <algorithm>

#include "core/base/ascii.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/schema.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

Status check_host(const Node& node, const std::string& host) {
  if (is_hostname(host) && host == to_lower(host)) return {};
  return node.error("must be one lower-case host name such as api.example.com, without scheme, port, path or wildcard");
}

Status read_hosts(const Node& root, Manifest& manifest) {
  TILL_TRY(root.required("hosts"));
  TILL_ASSIGN(manifest.hosts, read_texts(root, "hosts", check_host));
  return {};
}

Status read_base_url(const Node& node, const Manifest& manifest, std::string& out) {
  TILL_ASSIGN(out, node.text());
  if (!out.starts_with("https://") || !is_web_url(out))
    return node.error("must be a whole URL that begins with https://");
  if (out.ends_with('/') || out.find_first_of("?#") != std::string::npos)
    return node.error("must end without slash, query or fragment: paths are appended to it");
  if (std::find(manifest.hosts.begin(), manifest.hosts.end(), url_host(out)) == manifest.hosts.end())
    return node.error("its host is not among `hosts`");
  return {};
}

Status read_wrong_prefixes(const Node& node, const Manifest& manifest, Mode& out) {
  const auto secrets = secret_names(manifest.settings_schema);
  TILL_ASSIGN(const auto members, node.members());
  for (const auto& [setting, prefixes] : members) {
    if (std::find(secrets.begin(), secrets.end(), setting) == secrets.end())
      return prefixes.error("the name must be that of a secret setting");
    TILL_ASSIGN(out.wrong_prefixes[setting],
                read_texts(node, setting, [](const Node&, const std::string&) { return Status(); }));
  }
  return {};
}

Status read_mode(const Node& node, const Manifest& manifest, Mode& out) {
  TILL_TRY(node.only({"base_url", "test", "wrong_prefixes"}));
  if (const auto url = node.find("base_url")) TILL_TRY(read_base_url(*url, manifest, out.base_url));
  if (const auto wrong = node.find("wrong_prefixes")) TILL_TRY(read_wrong_prefixes(*wrong, manifest, out));
  TILL_ASSIGN(out.test, node.flag("test"));
  return {};
}

Status read_default_mode(const Node& root, Manifest& manifest) {
  TILL_ASSIGN(const Node node, root.required("default_mode"));
  TILL_ASSIGN(manifest.default_mode, node.text());
  if (manifest.modes.contains(manifest.default_mode)) return {};
  std::vector<std::string_view> names;
  for (const auto& [name, mode] : manifest.modes) names.push_back(name);
  return node.error("must be one of the `modes`: " + any_of(names));
}

}  // namespace

Status read_modes(const Node& root, Manifest& manifest) {
  TILL_TRY(read_hosts(root, manifest));
  TILL_ASSIGN(const Node modes, root.required("modes"));
  TILL_ASSIGN(const auto members, modes.members());
  if (members.empty()) return modes.error("must name at least one mode");
  for (const auto& [name, node] : members) {
    if (!is_word(name, 1, 32)) return node.error("the name must be of a-z, 0-9 and _, beginning with a letter");
    TILL_TRY(read_mode(node, manifest, manifest.modes[name]));
  }
  return read_default_mode(root, manifest);
}

}  // namespace till::plugin
