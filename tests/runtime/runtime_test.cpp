// Runtime: options, the plugin path, forks, and going away at any moment.
#include "core/runtime/runtime.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "core/runtime/engine.h"
#include "tests/base/eventually.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(RuntimeOptionsTest, unknown_or_wrong_options_are_configuration_errors) {
  for (const auto& [text, field] :
       std::vector<std::pair<const char*, const char*>>{{R"({"stoer":"memory"})", "$.stoer"},
                                                        {R"({"store":7})", "$.store"},
                                                        {R"({"store":""})", "$.store"},
                                                        {R"({"ca_file":""})", "$.ca_file"},
                                                        {R"({"plugin_path":"x"})", "$.plugin_path"},
                                                        {R"({"trusted_keys":["a", 1]})", "$.trusted_keys"},
                                                        {R"({"connect_timeout_ms":0})", "$.connect_timeout_ms"},
                                                        {"[]", "$"},
                                                        {"{", "$"}}) {
    const auto options = RuntimeOptions::from_json(text);
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_EQ(options.error().kind, ErrorKind::kConfiguration) << text;
    EXPECT_EQ(options.error().field, field) << text;
  }
}

TEST(RuntimeOptionsTest, every_option_is_read) {
  const auto options = RuntimeOptions::from_json(
      R"({"plugin_path":["/a"],"trusted_keys":["/k"],"store":"memory","ca_file":"/ca","proxy":"http://p:1","no_proxy":"x",)"
      R"("connect_timeout_ms":5,"max_connections_per_origin":6})");
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->plugin_path, ElementsAre("/a"));
  EXPECT_THAT(options->trusted_keys, ElementsAre("/k"));
  EXPECT_EQ(options->store, "memory");
  EXPECT_EQ(options->http.ca_file, "/ca");
  EXPECT_EQ(options->http.proxy, "http://p:1");
  EXPECT_EQ(options->http.no_proxy, "x");
  EXPECT_EQ(options->http.connect_timeout_ms, 5);
  EXPECT_EQ(options->http.max_connections_per_origin, 6u);
}

class RuntimeTest : public AcmeTest {};

TEST_F(RuntimeTest, opening_touches_no_file) { EXPECT_FALSE(std::filesystem::exists(store_place())); }

TEST_F(RuntimeTest, one_name_is_one_account) {
  const std::string named = replaced(kAcmeManifest, R"("currencies": ["EUR", "JPY"])",
                                     R"("currencies": ["EUR", "JPY"], "account": {"setting": "shop"})");
  open_variant(named, R"({"api_key":"sk_live_SECRET123","shop":"a"})");
  const auto open = [&](std::string_view provider, std::string_view settings) {
    const auto gateway = Gateway::open(runtime_, provider, settings);
    return gateway.ok() ? "open" : gateway.error().field;
  };
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_SECRET123","shop":"b"})"), "$.label");
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_SECRET123","shop":"b","label":"second"})"), "open");
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_SECRET123","shop":"b","mode":"test"})"), "open");
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_SECRET123","shop":"a"})"), "open") << "the same once more";
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_REPLACED","shop":"a"})"), "open") << "keys change";
  EXPECT_EQ(open("acme", R"({"api_key":"sk_live_SECRET123","label":"variant1/live"})"), "$.label");
  shop_.reset();
  EXPECT_EQ(open("variant1", R"({"api_key":"sk_live_SECRET123","shop":"b"})"), "open") << "the first one has gone";
}

TEST_F(RuntimeTest, lists_and_describes_its_providers) {
  EXPECT_THAT(runtime_->provider_ids(), testing::Contains("acme"));
  const auto manifest = json::parse(runtime_->describe_provider("acme").value()).value();
  EXPECT_EQ(manifest.find_string("name"), "Acme Pay");
}

TEST_F(RuntimeTest, an_unknown_provider_is_not_found_and_the_known_ones_are_named) {
  for (const char* id : {"acmee", "../acme", "", "."}) {
    const auto provider = runtime_->provider(id);
    ASSERT_FALSE(provider.ok()) << id;
    EXPECT_EQ(provider.error().kind, ErrorKind::kNotFound) << id;
    EXPECT_THAT(provider.error().message, HasSubstr("acme"));
  }
}

TEST_F(RuntimeTest, a_folder_that_is_not_there_is_logged_whoever_named_it) {
  ::setenv("TILL_LOG", "warn", 1);
  ::setenv("TILL_PLUGIN_PATH", "/no/such/folder", 1);
  testing::internal::CaptureStderr();
  RuntimeOptions options;
  options.plugin_path = {folder_.path(), "/no/such/option"};
  options.store = "memory";
  EXPECT_TRUE(Runtime::open(options).ok());
  ::unsetenv("TILL_PLUGIN_PATH");
  ::unsetenv("TILL_LOG");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "till: warn plugin path: cannot read /no/such/option (No such file or directory)\n"
            "till: warn plugin path: cannot read /no/such/folder (No such file or directory)\n");
}

TEST_F(RuntimeTest, a_store_that_cannot_be_opened_fails_the_call_and_not_the_process) {
  RuntimeOptions options;
  options.plugin_path = {folder_.path()};
  options.store = "/proc/nowhere/till.sqlite3";
  const auto runtime = Runtime::open(options).value();
  const auto gateway = Gateway::open(runtime, "acme", R"({"api_key":"sk_live_SECRET123"})").value();
  EXPECT_EQ(gateway->call("check", "{}").error().field, "$.store");
}

// Nothing listens on this port: connecting fails at once, and nothing was sent.
constexpr const char* kNobody = R"({"api_key":"sk_live_SECRET123","base_url":"http://127.0.0.1:1","timeout_ms":5000})";

TEST_F(RuntimeTest, a_call_over_the_built_in_client_says_that_nothing_was_sent) {
  shop_ = open_gateway(kNobody);
  const auto result = shop_->call("payments.create", kPay);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().kind, ErrorKind::kTransport);
  EXPECT_EQ(result.error().code, "connect");
  EXPECT_EQ(result.error().sent, Sent::kNo);
  EXPECT_TRUE(all_stored().empty());
}

TEST_F(RuntimeTest, the_last_owner_may_go_inside_a_callback) {
  std::promise<void> called;
  auto gateway = open_gateway(kNobody);
  shop_.reset();
  runtime_.reset();
  Gateway* raw = gateway.get();
  raw->start("check", "{}", [&called, held = std::move(gateway)](const Result<std::string>&) mutable {
    held.reset();
    called.set_value();
  });
  called.get_future().wait();
}

// An exchange that is given up has its end written by the store's thread, which then lets go of the runtime.
TEST_F(RuntimeTest, an_exchange_that_goes_last_takes_the_runtime_with_it) {
  namespace fs = std::filesystem;
  const auto threads = [] {
    return std::distance(fs::directory_iterator("/proc/self/task"), fs::directory_iterator());
  };
  const auto before = threads();
  auto exchange = begin("payments.create", kPay);
  ASSERT_NE(exchange->request(), nullptr);
  shop_.reset();
  runtime_.reset();
  exchange.reset();
  EXPECT_TRUE(eventually([&] { return threads() <= before; })) << threads();
}

TEST_F(RuntimeTest, works_in_a_child_after_the_parent_used_it_and_in_the_parent_after_that) {
  shop_ = open_gateway(kNobody);
  ASSERT_EQ(shop_->call("check", "{}").error().code, "connect");
  const pid_t child = fork();
  if (child == 0) {
    const auto made = shop_->call("check", "{}");
    auto exchange = shop_->begin("payments.create", kPay).value();
    reply(*exchange, 200, kPending);
    _exit(made.error().code == "connect" && exchange->result().ok() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(all_stored().size(), 1u);
  const auto again = begin("payments.create", kPay);
  EXPECT_EQ(again->request(), nullptr) << "the child's payment holds the key for the parent too";
}

// Pays once through an exchange and answers it.
bool pay_once(Gateway& gateway, const std::string& key) {
  auto exchange = gateway.begin("payments.create",
                                R"({"amount":{"amount":"48.25","currency":"EUR"},"idempotency_key":")" + key + "\"}");
  if (!exchange.ok() || !(*exchange)->request()) return false;
  const std::string body = R"({"id":"p-)" + key + R"(","status":"pending","amount":48.25,"currency":"EUR"})";
  return (*exchange)->reply({.status = 200, .headers = {}, .body = body}).ok() && (*exchange)->result().ok();
}

// fork() makes the store close its file and open it again.
TEST_F(RuntimeTest, a_relative_store_stays_where_it_was_when_the_process_moves) {
  namespace fs = std::filesystem;
  const fs::path came_from = fs::current_path(), elsewhere = folder_.path() + "/elsewhere";
  fs::create_directory(elsewhere);
  RuntimeOptions options;
  options.plugin_path = {folder_.path()};
  options.store = "here.sqlite3";
  fs::current_path(folder_.path());
  runtime_ = Runtime::open(options).value();
  shop_ = open_gateway();
  EXPECT_TRUE(run("payments.create", kPay, 200, kPaid).ok());
  fs::current_path(elsewhere);
  if (fork() == 0) _exit(0);
  wait(nullptr);
  const auto again = shop_->begin("payments.create", kPay);
  fs::current_path(came_from);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((*again)->request(), nullptr) << "the key is known";
  EXPECT_EQ(runtime_->store_place(), folder_.path() + "/here.sqlite3");
  EXPECT_TRUE(fs::is_empty(elsewhere));
}

TEST_F(RuntimeTest, what_a_child_writes_outlives_its_parents_runtime) {
  ASSERT_TRUE(pay_once(*shop_, "parent"));
  int go[2];
  ASSERT_EQ(pipe(go), 0);
  const pid_t child = fork();
  if (child == 0) {
    bool ok = pay_once(*shop_, "child-before");
    char byte = 0;
    ok = ok && read(go[0], &byte, 1) == 1;
    for (int i = 0; i < 5; ++i) ok = ok && pay_once(*shop_, "child-after-" + std::to_string(i));
    _exit(ok ? 0 : 1);
  }
  shop_.reset();
  runtime_.reset();
  ASSERT_EQ(write(go[1], "x", 1), 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(all_stored().size(), 7u);
}

TEST_F(RuntimeTest, a_child_forked_while_its_parent_writes_can_write_too) {
  std::atomic<bool> stop = false;
  std::atomic<int> paid = 0;
  std::thread busy([&] {
    while (!stop) paid += pay_once(*shop_, "parent-" + std::to_string(paid)) ? 1 : 0;
  });
  constexpr int kChildren = 10;
  int failed = 0;
  for (int i = 0; i < kChildren; ++i) {
    const pid_t child = fork();
    if (child == 0) _exit(pay_once(*shop_, "child-" + std::to_string(i)) ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    failed += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
  }
  stop = true;
  busy.join();
  EXPECT_EQ(failed, 0);
  std::size_t stored_count = 0;
  const auto payments = store()->list_payments({.gateway = "acme/live", .limit = 100'000}).value();
  for (const Payment& payment : payments) stored_count += payment.outcome == Outcome::kKnown ? 1 : 0;
  EXPECT_EQ(stored_count, static_cast<std::size_t>(paid + kChildren));
}

TEST_F(RuntimeTest, an_exchange_ends_in_the_child_and_goes_on_in_the_parent) {
  auto exchange = begin("payments.create", kPay);
  const pid_t child = fork();
  if (child == 0) {
    reply(*exchange, 200, kPending);
    const bool ended = exchange->request() == nullptr && exchange->result().error().code == "inherited_exchange";
    exchange.reset();
    _exit(ended ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  reply(*exchange, 200, kPending);
  EXPECT_TRUE(exchange->result().ok());
}

TEST_F(RuntimeTest, an_exchange_may_go_inside_a_callback_and_a_call_there_is_an_error) {
  auto pending = begin("payments.create", kPay);
  shop_ = open_gateway(kNobody);
  std::promise<ErrorKind> called;
  shop_->start("payments.create", R"({"amount":{"amount":"1","currency":"EUR"}})", [&](const Result<std::string>&) {
    pending.reset();
    called.set_value(shop_->call("check", "{}").error().kind);
  });
  EXPECT_EQ(called.get_future().get(), ErrorKind::kInternal);
}

TEST_F(RuntimeTest, a_call_begins_without_waiting_for_what_it_looks_up) {
  shop_ = open_gateway(kNobody);
  ASSERT_TRUE(runtime_->engine().ok());
  std::promise<void> held, go;
  const auto reader = std::async(std::launch::async, [&] {
    return runtime_->engine().value()->store().read([&](Store&) {
      held.set_value();
      go.get_future().wait();
      return Status();
    });
  });
  held.get_future().wait();
  std::promise<std::string> get, stored, all;
  const auto code = [](const Result<std::string>& end) { return end.ok() ? "ok" : end.error().code; };
  auto begun = std::async(std::launch::async, [&] {
    shop_->start("payments.get", R"({"id":"pay_1"})", [&](const auto& end) { get.set_value(code(end)); });
    shop_->start("payments.stored", "{}", [&](const auto& end) { stored.set_value(code(end)); });
    runtime_->start_store("store.info", "{}", [&](const auto& end) { all.set_value(code(end)); });
  });
  EXPECT_EQ(begun.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  go.set_value();
  EXPECT_EQ(get.get_future().get(), "unknown_payment");
  EXPECT_EQ(stored.get_future().get(), "ok");
  EXPECT_EQ(all.get_future().get(), "ok");
}

TEST_F(RuntimeTest, one_key_from_eight_threads_is_sent_once) {
  std::atomic<int> handed_out = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      const auto exchange = shop_->begin("payments.create", kPay).value();
      if (!exchange->request()) return;
      ++handed_out;
      reply(*exchange, 200, kPending);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(handed_out, 1);
}

}  // namespace
}  // namespace till
