// Package: a plugin as one signed file, <id>-<version>.till. The format is docs/packages.md.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/crypto/ed25519.h"

namespace till::plugin {

// A package, and its files together: a manifest, a script, a page, and a thousand fixtures of some kilobytes.
inline constexpr std::size_t kMaxPackageBytes = 8 * kMiB;
// One of its files: as much as a manifest or a script may have.
inline constexpr std::size_t kMaxPackageFileBytes = 256 * kKiB;
inline constexpr std::size_t kMaxPackageFiles = 2'000;
// Name of a file in it.
inline constexpr std::size_t kMaxPackageNameBytes = 200;

using PackageFiles = std::map<std::string, std::string, std::less<>>;

struct Package {
  std::string key;     // that signed it: 64 hex digits
  PackageFiles files;  // "manifest.json", "provider.lua", "README.md", "LICENSE", "fixtures/NAME.json" -> bytes
};

// The one text that stands for these files and this key. Errors: kPlugin, code "package", for a file that a package
// cannot hold, or for one that it must and that is missing.
Result<std::string> write_package(const PackageFiles& files, const Ed25519Key& key);

// Is this a plugin that somebody has written? One in whose manifest sentences of `till plugin new` or hosts under
// `.example` still stand would tell shops of a service that does not exist. kPlugin, code "package", with the place in
// `field`.
Status check_written(const PackageFiles& files);

// Verifies the signature, by the key in the package, before anything else is read. Whether that key is trusted is the
// caller's question. Errors: kPlugin, code "package_signature" or "package".
Result<Package> read_package(std::string_view bytes);

}  // namespace till::plugin
