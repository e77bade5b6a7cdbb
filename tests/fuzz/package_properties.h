// What must hold for any bytes that claim to be a package.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/limits.h"
#include "core/base/utf8.h"
#include "core/plugin/chunk.h"
#include "core/plugin/lint.h"
#include "core/plugin/package.h"
#include "core/plugin/script_tokens.h"
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

// Of the scripts that lint is given.
inline constexpr std::string_view kScriptsManifest = R"({"manifest":1,"id":"fuzz","version":"1.0.0","name":"Fuzz",
  "summary":"Any script.","capabilities":{"check":{}},"settings":{"type":"object","additionalProperties":false,
  "properties":{"key":{"type":"string","title":"Key","description":"The key.","secret":true}}},
  "modes":{"live":{"base_url":"https://api.fuzz.test"}},"default_mode":"live","hosts":["api.fuzz.test"],
  "auth":{"scheme":"none"},"path_secrets":["key"]})";

inline void check_findings(const std::vector<plugin::Finding>& findings) {
  for (const plugin::Finding& one : findings) {
    require(!one.file.empty() && !one.message.empty() && !one.code.empty(), "a finding says what and where");
    require(is_valid_utf8(one.message) && is_valid_utf8(one.place), "a finding can be written as JSON");
  }
}

// Lint agrees with the manifest's reader about what is right.
inline void check_lint(std::string_view bytes) {
  const auto findings = plugin::lint_plugin(bytes, "function provider.check() return {ok = true} end");
  check_findings(findings);
  const bool wrong =
      std::any_of(findings.begin(), findings.end(), [](const auto& one) { return one.code == "manifest"; });
  require(wrong != plugin::parse_manifest(bytes).ok(), "lint and the reader agree about a manifest");
}

// `bytes` is a provider.lua. Its tokens stand in it one behind the other, and a script of nothing but them is the same
// to Lua.
inline void check_script_lint(std::string_view bytes) {
  const auto findings = plugin::lint_plugin(kScriptsManifest, bytes);
  check_findings(findings);
  const auto lines = 1 + std::count(bytes.begin(), bytes.end(), '\n') + std::count(bytes.begin(), bytes.end(), '\r');
  for (const plugin::Finding& one : findings)
    require(one.line >= 0 && one.line <= lines, "a line is one of the script's");
  std::string joined;
  const char* end = bytes.data();
  for (const plugin::ScriptToken& token : plugin::tokens_of(bytes)) {
    require(!token.text.empty() && token.text.data() >= end, "tokens stand one behind the other");
    require(token.line >= 1 && token.line <= lines, "a token has a line");
    end = token.text.data() + token.text.size();
    joined.append(token.text).append(" ");
  }
  require(end <= bytes.data() + bytes.size(), "no token goes beyond the script");
  const bool compiles = joined.size() <= kMaxScriptBytes && plugin::Chunk::compile(bytes).ok();
  if (compiles) require(plugin::Chunk::compile(joined).ok(), "Lua reads the tokens as it reads the script");
}

}  // namespace till::fuzz
