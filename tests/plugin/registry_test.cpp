// The registry: which plugin is meant, and which may be loaded at all.
#include "core/plugin/registry.h"

#include <gmock/gmock.h>

#include "tests/plugin/package_fixture.h"

namespace till::plugin {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> kAll = {"host api.acme.example", "secret api_key"};

class RegistryTest : public PackageTest {
 protected:
  Registry registry() const { return Registry({.path = {folder_.string()}, .trusted_keys = {key_hex()}}); }

  static std::string version_of(Registry& registry, std::string_view version = {}) {
    const auto plugin = registry.find("acme", version);
    return plugin.ok() ? (*plugin)->manifest.version : plugin.error().code;
  }
  static std::vector<std::string> told(const std::vector<PluginChange>& changes) {
    std::vector<std::string> out;
    for (const PluginChange& one : changes)
      out.push_back(one.id + " " + one.version + " " + std::string(plugin_change_name(one.kind)));
    return out;
  }
};

TEST_F(RegistryTest, the_newest_version_is_meant_unless_one_is_named) {
  write_folder("acme", "1.9.0");
  write_folder("acme-1.10.0", "1.10.0");
  write_folder("acme-1.10.0-rc.1", "1.10.0-rc.1");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "1.10.0");
  EXPECT_EQ(version_of(plugins, "1.9.0"), "1.9.0");
  EXPECT_EQ(version_of(plugins, "1.10.0-rc.1"), "1.10.0-rc.1");
  EXPECT_EQ(version_of(plugins, "2.0.0"), "unknown_version");
  EXPECT_THAT(plugins.ids(), ElementsAre("acme"));
}

TEST_F(RegistryTest, of_one_version_the_first_on_the_path_counts) {
  write_folder("first/acme", "1.0.0");
  write_folder("second/acme", "1.0.0");
  write("first/acme/provider.lua", "-- the first\nfunction provider.check() end");
  Registry plugins({.path = {(folder_ / "first").string(), (folder_ / "second").string()}, .trusted_keys = {}});
  EXPECT_TRUE((*plugins.find("acme"))->script.starts_with("-- the first"));
}

TEST_F(RegistryTest, a_folder_whose_name_says_another_version_is_refused) {
  write_folder("acme-2.0.0", "1.0.0");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "plugin_file");
}

TEST_F(RegistryTest, a_broken_folder_is_an_error_and_no_reason_to_take_another) {
  write_folder("acme-1.0.0", "1.0.0");
  write("acme/manifest.json", "{");
  write("acme/provider.lua", "");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "manifest");
}

TEST_F(RegistryTest, a_package_counts_once_it_is_trusted_and_approved) {
  write_packed("1.0.0");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "package_unapproved");
  approve(kAll);
  EXPECT_EQ(version_of(plugins), "1.0.0");
  Registry distrusting({.path = {folder_.string()}, .trusted_keys = {}});
  const auto plugin = distrusting.find("acme");
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.error().code, "package_untrusted");
  EXPECT_THAT(plugin.error().message, HasSubstr(key_hex()));
}

TEST_F(RegistryTest, an_approval_is_for_one_signer) {
  write_packed("1.0.0");
  write("approvals.json", R"({"acme": {"key": ")" + std::string(64, 'a') +
                              R"(", "permissions": ["host api.acme.example", "secret api_key"]}})");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "package_unapproved");
}

TEST_F(RegistryTest, an_update_that_asks_for_more_is_passed_over_until_it_is_approved) {
  write_packed("1.0.0");
  write_packed("1.1.0", R"("api.acme.example", "evil.example")");
  approve(kAll);
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "1.0.0");
  EXPECT_EQ(version_of(plugins, "1.1.0"), "unknown_version");
  const auto changes = plugins.reload();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0].message, HasSubstr("asks for more than was approved: host evil.example"));
  approve({"host api.acme.example", "host evil.example", "secret api_key"});
  EXPECT_THAT(told(plugins.reload()), ElementsAre("acme 1.1.0 added"));
  EXPECT_EQ(version_of(plugins), "1.1.0");
}

TEST_F(RegistryTest, a_package_that_was_changed_or_renamed_is_passed_over) {
  write_packed("1.0.0");
  approve(kAll);
  write("acme-1.1.0.till", write_package(acme_files("1.2.0"), key_).value());
  std::string broken = write_package(acme_files("1.3.0"), key_).value();
  broken.back() = static_cast<char>(broken.back() ^ 1);
  write("acme-1.3.0.till", broken);
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "1.0.0");
}

TEST_F(RegistryTest, unreadable_approvals_approve_nothing) {
  write_packed("1.0.0");
  write("approvals.json", "{");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "approvals");
}

TEST_F(RegistryTest, reload_takes_what_is_new_and_changed_and_keeps_what_is_gone_for_who_names_it) {
  write_folder("acme-1.0.0", "1.0.0");
  Registry plugins = registry();
  const auto before = plugins.find("acme").value();
  EXPECT_THAT(plugins.reload(), IsEmpty());
  EXPECT_EQ(plugins.find("acme").value(), before) << "what did not change stays the very same";

  write_folder("acme-1.1.0", "1.1.0");
  EXPECT_THAT(told(plugins.reload()), ElementsAre("acme 1.1.0 added"));
  EXPECT_EQ(version_of(plugins), "1.1.0");

  write("acme-1.0.0/provider.lua", "function provider.check() return {ok = false} end");
  EXPECT_THAT(told(plugins.reload()), ElementsAre("acme 1.0.0 changed"));
  EXPECT_NE(plugins.find("acme", "1.0.0").value(), before);

  std::filesystem::remove_all(folder_ / "acme-1.1.0");
  EXPECT_THAT(told(plugins.reload()), ElementsAre("acme 1.1.0 removed"));
  EXPECT_EQ(version_of(plugins), "1.0.0");
  EXPECT_EQ(version_of(plugins, "1.1.0"), "1.1.0");
  EXPECT_THAT(plugins.reload(), IsEmpty());
}

TEST_F(RegistryTest, what_breaks_at_reload_stays_as_it_was) {
  write_folder("acme", "1.0.0");
  Registry plugins = registry();
  EXPECT_EQ(version_of(plugins), "1.0.0");
  write("acme/provider.lua", "function (");
  EXPECT_THAT(told(plugins.reload()), ElementsAre("acme  refused"));
  EXPECT_EQ(version_of(plugins), "1.0.0");
}

TEST_F(RegistryTest, what_is_not_there_is_said_with_what_is) {
  write_folder("acme", "1.0.0");
  Registry plugins = registry();
  const auto plugin = plugins.find("ucme");
  ASSERT_FALSE(plugin.ok());
  EXPECT_EQ(plugin.error().code, "unknown_provider");
  EXPECT_THAT(plugin.error().message, HasSubstr("there are: acme"));
  EXPECT_EQ(plugins.find("../acme").error().code, "unknown_provider");
  EXPECT_THAT(plugin.error().message, Not(HasSubstr("plugin path")));
}

TEST_F(RegistryTest, a_folder_of_the_path_that_is_not_there_is_named_when_a_provider_is_missed) {
  write_folder("acme", "1.0.0");
  const std::string none = (folder_ / "none").string(), file = (folder_ / "acme/manifest.json").string();
  Registry plugins({.path = {none, folder_.string(), file}, .trusted_keys = {}});
  EXPECT_EQ(version_of(plugins), "1.0.0") << "the others count all the same";
  EXPECT_THAT(plugins.unreadable(), ElementsAre(none + " (No such file or directory)", file + " (Not a directory)"));
  EXPECT_THAT(plugins.find("ucme").error().message, HasSubstr(none + " (No such file or directory)"));
}

}  // namespace
}  // namespace till::plugin
