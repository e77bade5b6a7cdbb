// Several versions of one plugin: which one a call runs, and what a reload changes under it.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/base/encoding.h"
#include "core/crypto/ed25519.h"
#include "core/plugin/package.h"
#include "core/runtime/trusted_keys.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string replaced(std::string_view text, std::string_view part, std::string_view by) {
  std::string out(text);
  return out.replace(out.find(part), part.size(), by);
}

std::string manifest_of(std::string_view version) {
  return replaced(kAcmeManifest, "\"version\": \"1.0.0\"", "\"version\": \"" + std::string(version) + "\"");
}

// A script whose payments.get looks under a path of the version's own.
std::string script_of(std::string_view version) {
  return replaced(kAcmeScript, "\"/payments/{id}\"", "\"/" + std::string(version) + "/{id}\"");
}

class VersionsTest : public AcmeTest {
 protected:
  void install(const std::string& version) { install(version, manifest_of(version)); }
  void install(const std::string& version, std::string_view manifest) {
    write_file(folder_.path() + "/acme-" + version + "/manifest.json", manifest);
    write_file(folder_.path() + "/acme-" + version + "/provider.lua", script_of(version));
  }
  std::vector<std::string> reload() {
    std::vector<std::string> out;
    for (const auto& one : runtime_->reload_plugins())
      out.push_back(one.id + " " + one.version + " " + std::string(plugin::plugin_change_name(one.kind)));
    return out;
  }
  std::string create() { return std::string(*run("payments.create", kPay, 200, kPending)->find_string("id")); }
  // The path that payments.get asks for.
  std::string asked(Gateway& gateway, const std::string& id) {
    auto exchange = gateway.begin("payments.get", R"({"id":")" + id + "\"}").value();
    const std::string url = exchange->request()->url;
    reply(*exchange, 200, kPending);
    return url.substr(std::string_view("https://api.acme.example/v1").size());
  }
};

TEST_F(VersionsTest, a_gateway_moves_on_at_its_first_call_after_a_reload) {
  EXPECT_EQ(shop_->plugin_version(), "1.0.0");
  install("1.1.0");
  EXPECT_EQ(shop_->plugin_version(), "1.0.0") << "nothing changes by itself";
  EXPECT_THAT(reload(), ElementsAre("acme 1.1.0 added"));
  EXPECT_EQ(shop_->plugin_version(), "1.1.0");
  EXPECT_EQ(asked(*shop_, create()), "/1.1.0/p1");
  EXPECT_THAT(reload(), IsEmpty());
}

TEST_F(VersionsTest, a_payment_keeps_to_the_version_that_made_it) {
  const std::string id = create();
  install("1.1.0");
  reload();
  EXPECT_EQ(asked(*shop_, id), "/payments/p1");
  EXPECT_EQ(stored(id).plugin_version, "1.0.0");
  EXPECT_EQ(shop_->plugin_version(), "1.1.0");
}

TEST_F(VersionsTest, a_version_that_hands_out_secrets_hands_out_none_of_an_older_one) {
  const std::string id = create();
  install("1.1.0",
          replaced(manifest_of("1.1.0"), "\"payments.get\": {}", "\"payments.get\": {\"returns_secrets\": true}"));
  reload();
  const auto exchange = shop_->begin("payments.get", R"({"id":")" + id + "\"}").value();
  reply(*exchange, 200, replaced(kPending, "{", R"({"session":"session-SECRET",)"));
  ASSERT_TRUE(exchange->result().ok()) << exchange->result().error().message;
  EXPECT_THAT(*exchange->result(), testing::Not(HasSubstr("session-SECRET")));
}

TEST_F(VersionsTest, a_payment_whose_version_is_gone_makes_do_with_the_current_one) {
  const std::string id = create();
  std::filesystem::remove_all(folder_.path() + "/acme");
  install("1.1.0");
  RuntimeOptions options;
  options.plugin_path = {folder_.path()};
  options.store = store_place();
  options.clock = clock_;
  runtime_ = Runtime::open(options).value();
  shop_ = open_gateway();
  EXPECT_EQ(asked(*shop_, id), "/1.1.0/p1");
}

TEST_F(VersionsTest, an_operation_that_its_version_lacks_runs_in_the_current_one) {
  const std::string id = create();
  install("1.1.0", replaced(replaced(manifest_of("1.1.0"), "\"payments.cancel\": {},",
                                     "\"payments.cancel\": {}, \"payments.accept\": {},"),
                            "\"payments.accept\": \"Acme settles underpayments by itself.\", ", ""));
  std::string script = script_of("1.1.0");
  script +=
      "function provider.payments.accept(input) return {id = input.provider_id, status = \"paid\", "
      "amount = input.payment.amount, reference = input.payment.reference} end\n";
  write_file(folder_.path() + "/acme-1.1.0/provider.lua", script);
  reload();
  const auto accepted = shop_->begin("payments.accept", R"({"id":")" + id + "\"}");
  ASSERT_TRUE(accepted.ok()) << accepted.error().message;
  EXPECT_TRUE((*accepted)->result().ok()) << (*accepted)->result().error().message;
}

TEST_F(VersionsTest, a_gateway_that_names_a_version_stays_with_it) {
  install("1.1.0");
  const auto pinned = open_gateway(R"({"api_key":"sk_live_SECRET123","plugin_version":"1.0.0"})");
  const auto newest = open_gateway(R"({"api_key":"sk_live_SECRET123"})");
  reload();
  install("1.2.0");
  reload();
  EXPECT_EQ(pinned->plugin_version(), "1.0.0");
  EXPECT_EQ(newest->plugin_version(), "1.2.0");
  const auto absent = Gateway::open(runtime_, "acme", R"({"api_key":"sk_live_SECRET123","plugin_version":"9.0.0"})");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, "unknown_version");
  EXPECT_THAT(absent.error().message, HasSubstr("there are: 1.0.0, 1.1.0"));
}

TEST_F(VersionsTest, settings_that_are_no_good_for_the_new_version_keep_the_gateway_on_the_old_one) {
  install("2.0.0",
          replaced(manifest_of("2.0.0"), "\"required\": [\"api_key\"]", "\"required\": [\"api_key\", \"token\"]"));
  reload();
  testing::internal::CaptureStderr();
  ASSERT_EQ(setenv("TILL_LOG", "warn", 1), 0);
  EXPECT_EQ(shop_->plugin_version(), "1.0.0");
  ASSERT_EQ(unsetenv("TILL_LOG"), 0);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("stays with plugin version 1.0.0: its settings are no good for 2.0.0: $.token"));
  EXPECT_EQ(asked(*shop_, create()), "/payments/p1");
  EXPECT_EQ(open_gateway(R"({"api_key":"sk_live_SECRET123","token":"t"})")->plugin_version(), "2.0.0");
}

TEST_F(VersionsTest, a_version_that_would_be_another_account_is_not_taken) {
  install("2.0.0", replaced(manifest_of("2.0.0"), "\"default_mode\": \"live\"", "\"default_mode\": \"test\""));
  reload();
  EXPECT_EQ(shop_->plugin_version(), "1.0.0");
  EXPECT_FALSE(shop_->test());
}

TEST_F(VersionsTest, a_call_under_way_ends_with_the_script_it_began_with) {
  const std::string id = create();
  const auto exchange = begin("payments.cancel", R"({"id":")" + id + "\"}");
  write_file(folder_.path() + "/acme/provider.lua",
             "function provider.payments.cancel() fail(\"Conflict\", \"No.\") end");
  EXPECT_THAT(reload(), ElementsAre("acme 1.0.0 changed"));
  reply(*exchange, 200, kPending);
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->request()->method, "DELETE");
  reply(*exchange, 200, R"({"id":"p1","status":"cancelled","amount":48.25,"currency":"EUR","reference":"1234"})");
  EXPECT_TRUE(exchange->result().ok()) << exchange->result().error().message;
  EXPECT_EQ(shop_->begin("payments.cancel", R"({"id":")" + id + "\"}").error().message, "No.");
}

TEST_F(VersionsTest, a_plugin_that_breaks_stays_as_it_was) {
  write_file(folder_.path() + "/acme/provider.lua", "function (");
  EXPECT_THAT(reload(), ElementsAre("acme  refused"));
  EXPECT_EQ(asked(*shop_, create()), "/payments/p1");
}

// Calls on several threads, through several gateways, while versions come, change and go.
TEST_F(VersionsTest, reloading_under_load_fails_no_call) {
  constexpr int kThreads = 4, kReloads = 20;
  std::atomic<bool> stop{false};
  std::atomic<int> calls{0}, failures{0};
  const auto work = [&] {
    const auto own = open_gateway(R"({"api_key":"sk_live_SECRET123","label":"own"})");
    while (!stop) {
      for (Gateway* gateway : {shop_.get(), own.get()}) {
        auto exchange = gateway->begin("native.getThing", R"({"id":"1"})");
        if (!exchange.ok() || !(*exchange)->request()) {
          ++failures;
          continue;
        }
        reply(**exchange, 200, R"({"ok":true})");
        if (!(*exchange)->result().ok()) ++failures;
        ++calls;
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(work);
  for (int i = 0; i < kReloads; ++i) {
    const std::string version = "1." + std::to_string(i + 1) + ".0";
    install(version);
    reload();
    if (i % 3 == 2) std::filesystem::remove_all(folder_.path() + "/acme-" + version);
    const int before = calls;
    while (calls < before + 2 * kThreads && failures == 0) std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  reload();
  EXPECT_EQ(shop_->plugin_version(), "1.20.0");
}

class TrustedPackageTest : public AcmeTest {
 protected:
  void pack(const std::string& version) {
    const plugin::PackageFiles files{
        {"manifest.json", manifest_of(version)}, {"provider.lua", std::string(kAcmeScript)}, {"README.md", "Acme."}};
    write_file(folder_.path() + "/packed/acme-" + version + ".till", plugin::write_package(files, key_).value());
  }
  std::shared_ptr<Runtime> runtime_with(std::vector<std::string> keys) {
    RuntimeOptions options;
    options.plugin_path = {folder_.path() + "/packed"};
    options.trusted_keys = std::move(keys);
    options.store = "memory";
    return Runtime::open(options).value();
  }
  std::string key_hex() const { return hex_encode(key_.public_key()); }

  Ed25519Key key_ = Ed25519Key::generate().value();
};

TEST_F(TrustedPackageTest, a_package_is_opened_by_its_trusted_key_and_its_approval) {
  pack("1.5.0");
  EXPECT_EQ(runtime_with({})->provider("acme").error().code, "package_untrusted");
  const auto runtime = runtime_with({key_hex()});
  EXPECT_EQ(runtime->provider("acme").error().code, "package_unapproved");
  write_file(folder_.path() + "/packed/approvals.json",
             R"({"acme":{"key":")" + key_hex() +
                 R"(","permissions":["card_data","host api.acme.example","host test.acme.example","path_secret token",)"
                 R"("reveals tokens.create","secret api_key","secret token"]}})");
  EXPECT_EQ(runtime->provider("acme").value()->manifest.version, "1.5.0");
}

TEST(TrustedKeys, are_given_in_hex_or_by_files) {
  const TemporaryFolder folder;
  const std::string a(64, 'a'), b(64, 'B'), file = folder.path() + "/keys";
  write_file(file, "# ours\n" + a + "  # the first\n\n" + b + "\r\n");
  EXPECT_THAT(read_trusted_keys({std::string(64, 'C'), file}).value(),
              ElementsAre(std::string(64, 'c'), a, std::string(64, 'b')));
  write_file(file, "abc\n");
  EXPECT_EQ(read_trusted_keys({a, file}).error().field, "$.trusted_keys[1]");
  EXPECT_EQ(read_trusted_keys({folder.path() + "/nothing"}).error().kind, ErrorKind::kConfiguration);
}

}  // namespace
}  // namespace till
