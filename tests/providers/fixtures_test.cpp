// Every documented request and reply of every provider, through manifest, script, signing and error rules.
#include <gtest/gtest.h>

#include <cctype>
#include <string>

#include "core/plugin/plugin.h"
#include "core/runtime/fixture_player.h"
#include "tests/providers/fixture.h"

namespace till::test {
namespace {

class FixtureTest : public testing::TestWithParam<Fixture> {};

TEST_P(FixtureTest, documented_exchange_is_sent_and_understood) {
  const auto plugin = plugin::load_plugin(providers_folder() / GetParam().provider);
  ASSERT_TRUE(plugin.ok()) << plugin.error().field << ": " << plugin.error().message;
  for (const json::Difference& difference : play_fixture(*plugin, GetParam().document()))
    ADD_FAILURE() << difference.path << ": " << difference.message;
}

std::string test_name(const testing::TestParamInfo<Fixture>& info) {
  std::string name = info.param.provider + "_" + info.param.file;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(providers, FixtureTest, testing::ValuesIn(all_fixtures()), test_name);

}  // namespace
}  // namespace till::test
