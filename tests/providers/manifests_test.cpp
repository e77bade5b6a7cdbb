// What every shipped provider owes its readers: fixtures for all it can do, a reason for all it cannot.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/plugin/operation_output.h"
#include "core/plugin/operations.h"
#include "core/plugin/plugin.h"
#include "tests/providers/fixture.h"

namespace till::test {
namespace {

class ProviderTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto plugin = plugin::load_plugin(providers_folder() / GetParam());
    ASSERT_TRUE(plugin.ok()) << plugin.error().field << ": " << plugin.error().message;
    plugin_ = std::move(plugin).value();
    for (const Fixture& fixture : all_fixtures())
      if (fixture.provider == GetParam()) fixtures_.push_back(fixture);
  }

  // Operations of the fixtures that end well.
  std::set<std::string> shown_operations() const {
    std::set<std::string> operations;
    for (const Fixture& fixture : fixtures_)
      if (!fixture.document().find("error"))
        operations.emplace(fixture.document().find_string("operation").value_or(""));
    return operations;
  }

  std::shared_ptr<const plugin::Plugin> plugin_;
  std::vector<Fixture> fixtures_;
};

TEST_P(ProviderTest, manifest_is_that_of_its_folder) { EXPECT_EQ(plugin_->manifest.id, GetParam()); }

TEST_P(ProviderTest, every_capability_has_a_fixture) {
  const auto shown = shown_operations();
  for (const auto& [operation, capability] : plugin_->manifest.capabilities)
    EXPECT_TRUE(shown.count(operation)) << operation;
}

TEST_P(ProviderTest, every_native_call_has_a_fixture) {
  const auto shown = shown_operations();
  for (const auto& [name, call] : plugin_->manifest.native) EXPECT_TRUE(shown.count("native." + name)) << name;
}

TEST_P(ProviderTest, every_operation_is_there_or_absent_with_a_reason) {
  for (const std::string_view operation : plugin::operation_names()) {
    const bool there = plugin_->manifest.capabilities.find(operation) != plugin_->manifest.capabilities.end();
    const bool absent = plugin_->manifest.absent.find(operation) != plugin_->manifest.absent.end();
    if (operation == "payments.watch" && !there) continue;  // a payment without a stream is followed by asking
    EXPECT_NE(there, absent) << operation;
  }
}

TEST_P(ProviderTest, every_fixture_names_itself_and_its_source) {
  std::set<std::string> names;
  for (const Fixture& fixture : fixtures_) {
    const std::string name(fixture.document().find_string("name").value_or(""));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(name.empty()) << fixture.file;
    EXPECT_FALSE(fixture.document().find_string("source").value_or("").empty()) << fixture.file;
  }
}

TEST_P(ProviderTest, every_fixture_is_for_something_the_manifest_declares) {
  for (const Fixture& fixture : fixtures_) {
    const std::string operation(fixture.document().find_string("operation").value_or(""));
    const bool native = operation.starts_with("native.");
    EXPECT_TRUE(native ? plugin_->manifest.native.count(operation.substr(7))
                       : plugin_->manifest.capabilities.count(operation))
        << fixture.file;
  }
}

TEST_P(ProviderTest, every_fixture_gives_what_its_operation_may_give) {
  for (const Fixture& fixture : fixtures_) {
    const json::Value document = fixture.document();
    const json::Value* output = document.find("output");
    if (!output) continue;
    json::Value given = *output;
    const Status fits = plugin::check_operation_output(*document.find_string("operation"), given);
    EXPECT_TRUE(fits.ok()) << fixture.file << ": " << fits.error().message;
  }
}

INSTANTIATE_TEST_SUITE_P(shipped, ProviderTest, testing::ValuesIn(provider_names()),
                         [](const auto& provider) { return provider.param; });

}  // namespace
}  // namespace till::test
