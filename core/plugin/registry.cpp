// Registry: finding, loading and comparing what stands on the plugin path.
#include "core/plugin/registry.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "core/plugin/approvals.h"
#include "core/plugin/format.h"
#include "core/plugin/package.h"
#include "core/plugin/permissions.h"
#include "core/plugin/plugin_file.h"

namespace till::plugin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPackageEnding = ".till";

// "acme-1.2.0" -> "acme"; what is no id with a version stays whole.
std::string id_of(std::string_view name) {
  const std::size_t hyphen = name.find('-');
  const bool versioned = hyphen != std::string_view::npos && is_semver(name.substr(hyphen + 1));
  return std::string(versioned ? name.substr(0, hyphen) : name);
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

bool is_same(const Plugin& a, const Plugin& b) {
  return a.script == b.script && a.key == b.key && a.manifest.document == b.manifest.document;
}

}  // namespace

std::string_view plugin_change_name(PluginChange::Kind kind) {
  switch (kind) {
    case PluginChange::Kind::kAdded:
      return "added";
    case PluginChange::Kind::kChanged:
      return "changed";
    case PluginChange::Kind::kRemoved:
      return "removed";
    case PluginChange::Kind::kRefused:
      return "refused";
  }
  return "refused";
}

std::vector<Registry::Place> Registry::places() const {
  std::vector<Place> out;
  for (const std::string& folder : options_.path) {
    std::vector<Place> here;
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
      const std::string name = entry->path().filename().string();
      std::error_code absent;
      if (fs::exists(entry->path() / "manifest.json", absent))
        here.push_back({id_of(name), entry->path(), false});
      else if (name.ends_with(kPackageEnding) && fs::is_regular_file(entry->path(), absent))
        here.push_back({id_of(entry->path().stem().string()), entry->path(), true});
    }
    std::sort(here.begin(), here.end(), [](const Place& a, const Place& b) { return a.path < b.path; });
    std::move(here.begin(), here.end(), std::back_inserter(out));
  }
  return out;
}

std::vector<std::string> Registry::unreadable() const {
  std::vector<std::string> out;
  for (const std::string& folder : options_.path) {
    std::error_code failed;
    const fs::directory_iterator unused(folder, failed);
    if (failed) out.push_back(folder + " (" + failed.message() + ")");
  }
  return out;
}

Result<std::shared_ptr<const Plugin>> Registry::load(const Place& place) const {
  return place.package ? load_package(place) : load_plugin(place.path);
}

// Signature, then trust, then approval; nothing of a package counts before all three.
Result<std::shared_ptr<const Plugin>> Registry::load_package(const Place& place) const {
  const auto refused = [&](std::string code, const std::string& why) {
    return plugin_error(std::move(code), place.path.string() + ": " + why);
  };
  TILL_ASSIGN(const std::string bytes, read_file(place.path, kMaxPackageBytes));
  const auto package = read_package(bytes);
  if (!package.ok()) return refused(package.error().code, package.error().message);
  const auto& trusted = options_.trusted_keys;
  if (std::find(trusted.begin(), trusted.end(), package->key) == trusted.end())
    return refused("package_untrusted", "signed by the key " + package->key + ", which is not among the trusted keys");
  TILL_ASSIGN(auto plugin, load_plugin(*package, place.path));
  if (place.path.stem() != plugin->manifest.id + "-" + plugin->manifest.version)
    return refused("package", "must have the name " + plugin->manifest.id + "-" + plugin->manifest.version + ".till");
  TILL_ASSIGN(const Approvals approvals, read_approvals(place.path.parent_path()));
  const auto approval = approvals.find(plugin->manifest.id);
  if (approval == approvals.end() || approval->second.key != package->key)
    return refused("package_unapproved", "not approved yet; see `till plugin verify` and `till plugin install`");
  const auto missing = missing_permissions(permissions_of(plugin->manifest), approval->second.permissions);
  if (!missing.empty())
    return refused("package_unapproved", "asks for more than was approved: " + joined(missing) +
                                             "; see `till plugin verify` and `till plugin install`");
  return plugin;
}

Registry::Found Registry::look(std::string_view id) const {
  Found out;
  for (const Place& place : places()) {
    if (place.id != id) continue;
    auto plugin = load(place);
    if (plugin.ok()) {
      const std::string version = (*plugin)->manifest.version;
      out.versions.try_emplace(version, Version{*std::move(plugin)});
    } else {
      (place.package ? out.refused : out.broken).push_back(std::move(plugin).error());
    }
  }
  return out;
}

Result<std::shared_ptr<const Plugin>> Registry::find(std::string_view id, std::string_view version) {
  auto known = found_.find(id);
  if (known == found_.end()) {
    Found now = look(id);
    if (now.versions.empty() || (version.empty() && !now.broken.empty())) return unknown(id, version, now);
    known = found_.emplace(id, std::move(now)).first;
  }
  const Found& found = known->second;
  if (!version.empty()) {
    const auto wanted = found.versions.find(version);
    return wanted == found.versions.end() ? Result<std::shared_ptr<const Plugin>>(unknown(id, version, found))
                                          : wanted->second.plugin;
  }
  for (auto newest = found.versions.rbegin(); newest != found.versions.rend(); ++newest)
    if (newest->second.present) return newest->second.plugin;
  return unknown(id, version, found);
}

Error Registry::unknown(std::string_view id, std::string_view version, const Found& found) const {
  if (!found.broken.empty()) return found.broken.front();
  if (!found.refused.empty() && found.versions.empty()) return found.refused.front();
  if (!found.versions.empty() && !version.empty()) {
    std::string versions;
    for (const auto& [one, unused] : found.versions) versions += (versions.empty() ? "" : ", ") + one;
    return {.kind = ErrorKind::kNotFound,
            .code = "unknown_version",
            .message = std::string(id) + " is not there in that version; there are: " + versions};
  }
  const std::vector<std::string> known = ids(), lost = unreadable();
  return {.kind = ErrorKind::kNotFound,
          .code = "unknown_provider",
          .message = "there is no such provider; " +
                     (known.empty() ? "the plugin path holds none" : "there are: " + joined(known)) +
                     (lost.empty() ? "" : "; the plugin path names what cannot be read: " + joined(lost))};
}

std::vector<std::string> Registry::ids() const {
  std::set<std::string> out;
  for (const Place& place : places()) out.insert(place.id);
  return {out.begin(), out.end()};
}

std::vector<PluginChange> Registry::reload() {
  std::vector<PluginChange> changes;
  for (auto& [id, known] : found_) take(id, known, look(id), changes);
  return changes;
}

// Keeps the very plugin where nothing changed, so that nobody who compares pointers sees a change.
void Registry::take(const std::string& id, Found& known, Found now, std::vector<PluginChange>& changes) {
  using Kind = PluginChange::Kind;
  for (const auto* errors : {&now.broken, &now.refused})
    for (const Error& error : *errors) changes.push_back({id, "", Kind::kRefused, error.message});
  const bool unreadable = !now.broken.empty();  // a version may be there, and only its files are wrong
  for (auto& [version, old] : known.versions) {
    const auto there = now.versions.find(version);
    if (there == now.versions.end()) {
      if (old.present && !unreadable) changes.push_back({id, version, Kind::kRemoved, ""});
      old.present = old.present && unreadable;
      continue;
    }
    if (!old.present) changes.push_back({id, version, Kind::kAdded, ""});
    if (!is_same(*old.plugin, *there->second.plugin)) {
      if (old.present) changes.push_back({id, version, Kind::kChanged, ""});
      old.plugin = there->second.plugin;
    }
    old.present = true;
  }
  for (auto& [version, fresh] : now.versions)
    if (known.versions.try_emplace(version, fresh).second) changes.push_back({id, version, Kind::kAdded, ""});
}

}  // namespace till::plugin
