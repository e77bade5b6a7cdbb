// What must hold for any bytes that claim to be a package.
#pragma once

#include <string>
#include <string_view>

#include "core/plugin/lint.h"
#include "core/plugin/package.h"
#include "tests/fuzz/properties.h"

namespace till::fuzz {

// The bytes as a whole package are refused; as the body of a package that is well signed, they are refused, or are the
// one text that stands for what was read from them.
inline void check_package(std::string_view bytes) {
  static const Ed25519Key key = Ed25519Key::from_hex(Secret(std::string(64, '7'))).value();
  const auto unsigned_one = plugin::read_package(bytes);
  require(unsigned_one.ok() || unsigned_one.error().kind == ErrorKind::kPlugin,
          "a refused package is a plugin's fault");
  const std::string head = "TILLPKG1" + key.public_key();
  std::string whole = head + key.sign(head + std::string(bytes)).value();
  whole += bytes;
  const auto package = plugin::read_package(whole);
  if (!package.ok()) {
    require(package.error().code == "package", "a well signed package is refused for its form alone");
    return;
  }
  for (const auto& [name, content] : package->files)
    require(name.find("..") == std::string::npos && name.front() != '/', "no name leads out of the package");
  require(plugin::write_package(package->files, key).value() == whole, "there is one text for a package");
}

// Every finding has a file and words, and lint agrees with the manifest's reader about what is right.
inline void check_lint(std::string_view bytes) {
  const auto findings = plugin::lint_plugin(bytes, "function provider.check() return {ok = true} end");
  bool manifest_is_wrong = false;
  for (const plugin::Finding& one : findings) {
    require(!one.file.empty() && !one.message.empty() && !one.code.empty(), "a finding says what and where");
    manifest_is_wrong = manifest_is_wrong || one.code == "manifest";
  }
  require(manifest_is_wrong != plugin::parse_manifest(bytes).ok(), "lint and the reader agree about a manifest");
}

}  // namespace till::fuzz
