// A plugin of the tests' own, in a folder or as a package.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/encoding.h"
#include "core/json/json.h"
#include "core/plugin/package.h"

namespace till::plugin {

inline std::string acme_manifest(std::string_view version, std::string_view hosts = R"("api.acme.example")") {
  return R"({"manifest":1,"id":"acme","version":")" + std::string(version) +
         R"(","name":"Acme","summary":"A shop's bank.","capabilities":{"check":{}},
  "settings":{"type":"object","additionalProperties":false,"properties":{
    "api_key":{"type":"string","title":"Key","description":"The key.","secret":true}}},
  "modes":{"live":{"base_url":"https://api.acme.example"}},"default_mode":"live","hosts":[)" +
         std::string(hosts) + R"(],"auth":{"scheme":"header","header":"X-Api-Key","secret":"api_key"}})";
}

inline PackageFiles acme_files(std::string_view version, std::string_view hosts = R"("api.acme.example")") {
  return {{"manifest.json", acme_manifest(version, hosts)},
          {"provider.lua", "function provider.check() return {ok = true} end -- " + std::string(version)},
          {"README.md", "# Acme\n"},
          {"fixtures/check.json", "{}"}};
}

class PackageTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "till_package_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void write(const std::filesystem::path& file, std::string_view text) const {
    std::filesystem::create_directories((folder_ / file).parent_path());
    std::ofstream(folder_ / file, std::ios::binary | std::ios::trunc) << text;
  }
  void write_folder(const std::string& name, std::string_view version) const {
    write(name + "/manifest.json", acme_manifest(version));
    write(name + "/provider.lua", "function provider.check() return {ok = true} end -- " + std::string(version));
  }
  void write_packed(std::string_view version, std::string_view hosts = R"("api.acme.example")") const {
    write("acme-" + std::string(version) + ".till", write_package(acme_files(version, hosts), key_).value());
  }
  void approve(const std::vector<std::string>& permissions) const {
    json::Array list;
    for (const std::string& permission : permissions) list.emplace_back(permission);
    write("approvals.json",
          json::write(json::Object{{"acme", json::Object{{"key", key_hex()}, {"permissions", std::move(list)}}}}));
  }
  std::string key_hex() const { return hex_encode(key_.public_key()); }

  Ed25519Key key_ = Ed25519Key::generate().value();
  std::filesystem::path folder_;
};

}  // namespace till::plugin
