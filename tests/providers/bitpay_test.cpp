// What BitPay's fixtures do not show: which of its requests are good for one time.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/json/json.h"
#include "core/plugin/plugin.h"
#include "core/plugin/script.h"
#include "tests/providers/fixture.h"

namespace till::test {
namespace {

// Whether the first request of a native call is never sent again by itself.
bool is_once(const std::string& method, const std::string& settings) {
  const auto plugin = plugin::load_plugin(providers_folder() / "bitpay").value();
  const ManualClock clock(1'411'506'491'000);
  auto run = plugin::ScriptRun::open(plugin, "native." + method, json::Value(json::Object()),
                                     json::parse(settings).value(), clock)
                 .value();
  const auto step = run.begin();
  EXPECT_TRUE(step.ok()) << step.error().message;
  return std::get<plugin::ScriptRequest>(step.value()).once;
}

TEST(BitPay, request_with_a_nonce_is_good_for_one_time) {
  const std::string signing = R"("has":{"private_key":true,"token":true},"facade":"merchant","nonce":)";
  EXPECT_TRUE(is_once("getLedgers", "{" + signing + R"("time"})"));
  EXPECT_TRUE(is_once("getLedgers", "{" + signing + R"("increment"})"));
  EXPECT_FALSE(is_once("getLedgers", "{" + signing + R"("disabled"})"));
  EXPECT_FALSE(is_once("getRates", "{" + signing + R"("time"})")) << "public methods are not signed";
  EXPECT_FALSE(is_once("getInvoiceSettings", R"({"has":{"token":true},"facade":"pos","nonce":"time"})"));
}

}  // namespace
}  // namespace till::test
