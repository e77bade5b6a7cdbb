// Loading a provider's folder: only whole, readable, honest folders become plugins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/base/limits.h"
#include "core/plugin/plugin.h"

namespace till::plugin {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::string_view kManifest =
    R"({"manifest":1,"id":"acme","version":"1.0.0","name":"Acme","summary":"A shop's bank.",
  "capabilities":{"check":{}},"settings":{"type":"object","additionalProperties":false},"modes":{"live":{}},"default_mode":"live",
  "hosts":[],"auth":{"scheme":"none"}})";

class LoadPlugin : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "till_plugin_XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root_ = name;
    fs::create_directory(folder());
    write("manifest.json", kManifest);
    write("provider.lua", "function provider.check() return {ok = true} end\n");
  }
  void TearDown() override { fs::remove_all(root_); }

  fs::path folder() const { return root_ / "acme"; }
  void write(const char* file, std::string_view text) { std::ofstream(folder() / file, std::ios::binary) << text; }
  void expect_refused(std::string_view message) {
    const auto plugin = load_plugin(folder());
    ASSERT_FALSE(plugin.ok());
    EXPECT_EQ(plugin.error().kind, ErrorKind::kPlugin);
    EXPECT_THAT(plugin.error().message, HasSubstr(message));
  }

  fs::path root_;
};

TEST_F(LoadPlugin, reads_a_good_folder) {
  const auto plugin = load_plugin(folder());
  ASSERT_TRUE(plugin.ok()) << plugin.error().message;
  EXPECT_EQ((*plugin)->manifest.id, "acme");
  EXPECT_EQ((*plugin)->script, "function provider.check() return {ok = true} end\n");
  EXPECT_TRUE(load_plugin(folder() / "").ok()) << "a slash at the end changes nothing";
}

TEST_F(LoadPlugin, says_which_file_is_missing) {
  fs::remove(folder() / "provider.lua");
  expect_refused("acme/provider.lua: there is no such file");
  fs::remove(folder() / "manifest.json");
  expect_refused("acme/manifest.json: there is no such file");
  fs::create_directory(folder() / "manifest.json");
  expect_refused("acme/manifest.json: there is no such file");
}

TEST_F(LoadPlugin, names_the_file_and_the_place_of_a_fault) {
  write("manifest.json", R"({"manifest":2})");
  expect_refused("acme/manifest.json: $.manifest: must be 1");
  EXPECT_EQ(load_plugin(folder()).error().field, "$.manifest");
}

TEST_F(LoadPlugin, refuses_a_folder_with_another_name_than_its_id) {
  fs::rename(folder(), root_ / "other");
  const auto plugin = load_plugin(root_ / "other");
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.error().field, "$.id");
}

TEST_F(LoadPlugin, tells_a_file_that_cannot_be_read_from_an_empty_one) {
  fs::remove(folder() / "provider.lua");
  fs::create_symlink("/proc/self/mem", folder() / "provider.lua");  // a regular file whose first byte gives EIO
  expect_refused("provider.lua: cannot be read");
}

TEST_F(LoadPlugin, refuses_compiled_lua) {
  write("provider.lua", "\x1bLua");
  expect_refused("is compiled Lua");
}

TEST_F(LoadPlugin, refuses_an_empty_script) {
  write("provider.lua", "");
  expect_refused("provider.lua: is empty");
}

TEST_F(LoadPlugin, refuses_a_script_that_is_not_utf8) {
  write("provider.lua", "-- \xC0\xAF");
  expect_refused("is not UTF-8 text");
}

TEST_F(LoadPlugin, refuses_files_above_their_limits) {
  write("provider.lua", "--" + std::string(kMaxScriptBytes - 2, 'x'));
  EXPECT_TRUE(load_plugin(folder()).ok());
  write("provider.lua", "--" + std::string(kMaxScriptBytes - 1, 'x'));
  expect_refused("provider.lua: is larger than");
  write("manifest.json", std::string(kManifest) + std::string(kMaxManifestBytes, ' '));
  expect_refused("manifest.json: is larger than");
}

TEST(ShippedProviders, all_load) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(TILL_SOURCE_DIR) / "plugins" / "providers")) {
    if (!fs::exists(entry.path() / "manifest.json")) continue;
    const auto plugin = load_plugin(entry.path());
    EXPECT_TRUE(plugin.ok()) << plugin.error().message;
    ++count;
  }
  EXPECT_GE(count, 2);
}

}  // namespace
}  // namespace till::plugin
