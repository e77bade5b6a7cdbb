// Registry: the plugins on the plugin path, in folders and in packages, and several versions of one side by side.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/plugin.h"
#include "core/plugin/semver.h"

namespace till::plugin {

// What a folder of the path may hold:
//   ID/              a plugin in a folder
//   ID-VERSION/      the same, several versions of it beside each other
//   ID-VERSION.till  a package; it counts when its key is trusted and its permissions are approved (approvals.json)
struct RegistryOptions {
  std::vector<std::string> path;          // searched in order; of one version the first found counts
  std::vector<std::string> trusted_keys;  // of packages, 64 lower-case hex digits each
};

// What reload() found out about one plugin.
struct PluginChange {
  enum class Kind { kAdded, kChanged, kRemoved, kRefused };
  std::string id;
  std::string version;  // empty when it could not be read
  Kind kind = Kind::kAdded;
  std::string message;  // why it was refused
};

// "added", "changed", "removed", "refused".
std::string_view plugin_change_name(PluginChange::Kind kind);

// Not thread-safe. Plugins stay as they were loaded until reload().
class Registry {
 public:
  explicit Registry(RegistryOptions options) : options_(std::move(options)) {}

  // The plugin in its newest version, or in the given one; loaded on first use. kNotFound names the plugins there are,
  // and the folders of the path that cannot be read; kPlugin when its folder is broken. A package that is broken, not
  // trusted or not approved is passed over when another version is good, else it is the error.
  Result<std::shared_ptr<const Plugin>> find(std::string_view id, std::string_view version = {});
  // The folders of the path that cannot be read, each with the reason: "/opt/plugins (No such file or directory)".
  std::vector<std::string> unreadable() const;
  // Ids of all plugins on the path, sorted, broken ones included.
  std::vector<std::string> ids() const;
  // Reads again what was loaded before. What cannot be loaded now stays as it is; a version whose files are gone serves
  // those who name it, but is no longer the newest for anybody else.
  std::vector<PluginChange> reload();

 private:
  struct Version {
    std::shared_ptr<const Plugin> plugin;
    bool present = true;  // on the path at the last look
  };
  // All that one look at the path found for one id.
  struct Found {
    std::map<std::string, Version, SemverLess> versions;
    std::vector<Error> broken;   // folders: an error for everybody who asks for the newest
    std::vector<Error> refused;  // packages
  };
  // A place on the path that may hold a plugin.
  struct Place {
    std::string id;
    std::filesystem::path path;
    bool package = false;
  };

  std::vector<Place> places() const;
  Found look(std::string_view id) const;
  Result<std::shared_ptr<const Plugin>> load(const Place& place) const;
  Result<std::shared_ptr<const Plugin>> load_package(const Place& place) const;
  Error unknown(std::string_view id, std::string_view version, const Found& found) const;
  void take(const std::string& id, Found& known, Found now, std::vector<PluginChange>& changes);

  RegistryOptions options_;
  std::map<std::string, Found, std::less<>> found_;
};

}  // namespace till::plugin
