// Webhooks that race: several workers have one event at the same moment, and none has kept it yet.
#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "core/store/postgres.h"
#include "tests/base/eventually.h"
#include "tests/runtime/webhook_fixture.h"

namespace till {
namespace {

class ReceiveRaceTest : public WebhookFixture {
 protected:
  ReceiveRaceTest() { open_signed(); }

  static std::string paid_event(std::string_view provider_id, std::string_view reference) {
    return R"({"id":"evt_1","event":"paid","payment":{"id":")" + std::string(provider_id) +
           R"(","status":"paid","amount":48.25,"currency":"EUR","reference":")" + std::string(reference) + "\"}}";
  }

  // A worker of its own: another runtime with connections of its own, and the same gateway.
  struct Worker {
    std::shared_ptr<Runtime> runtime;
    std::shared_ptr<Gateway> shop;
  };
  Worker open_worker() const {
    RuntimeOptions options;
    options.plugin_path = {folder_.path()};
    options.store = store_place();
    options.clock = clock_;
    auto runtime = Runtime::open(options).value();
    auto shop = Gateway::open(runtime, "variant1",
                              R"({"api_key":"sk_live_SECRET123","webhook_secret":"whsec_acme_0123456789"})");
    return {std::move(runtime), std::move(shop).value()};
  }

  // How many transactions on this schema's payments wait for another one.
  static std::int64_t count_waiting(PostgresDatabase& database) {
    return database
        .query(
            "SELECT count(DISTINCT waiting.pid) FROM pg_locks waiting JOIN pg_locks held ON held.pid = waiting.pid "
            "WHERE NOT waiting.granted AND held.relation = 'payments'::regclass",
            {})
        .value()
        .integer(0, 0);
  }

  // Each webhook is received by a worker of its own. None goes on before all have come as far as they can while
  // somebody else is about to keep the event, and then does not. A SQLite store lets in one after the other by itself.
  std::vector<json::Value> race(const std::vector<std::string>& bodies) {
    std::vector<Worker> workers;
    for (std::size_t i = 0; i < bodies.size(); ++i) workers.push_back(open_worker());
    const auto other = store();
    EXPECT_TRUE(other->begin().ok());
    EXPECT_TRUE(other->claim_webhook({.id = "whk_0", .gateway = shop_->name(), .dedupe_key = "event:evt_1"}).value());
    std::vector<std::future<json::Value>> running;
    for (std::size_t i = 0; i < bodies.size(); ++i)
      running.push_back(std::async(std::launch::async, [shop = workers[i].shop, input = signed_request(bodies[i])] {
        return parsed(shop->begin("webhooks.receive", input).value()->result()).value();
      }));
    if (schema_) {
      const auto database = PostgresDatabase::open(schema_->url()).value();
      EXPECT_TRUE(eventually([&] { return count_waiting(*database) >= static_cast<std::int64_t>(bodies.size()); }));
    }
    other->rollback();
    std::vector<json::Value> results;
    for (auto& one : running) results.push_back(one.get());
    return results;
  }

  static std::size_t count(const std::vector<json::Value>& results, std::string_view member) {
    return static_cast<std::size_t>(std::count_if(
        results.begin(), results.end(), [&](const json::Value& one) { return one.find_bool(member) == true; }));
  }
  static void expect_one_effect(const std::vector<json::Value>& results) {
    EXPECT_EQ(count(results, "changed"), 1u);
    EXPECT_EQ(count(results, "duplicate"), results.size() - 1);
    for (const json::Value& one : results) EXPECT_EQ(one.find_integer("http_status"), 200);
  }
};

TEST_F(ReceiveRaceTest, one_event_that_nobody_had_kept_yet_takes_effect_once) {
  const std::string id = pay("1234", "p1");
  const std::string event = paid_event("p1", "1234");
  expect_one_effect(race({event, event, event}));
  EXPECT_THAT(event_types(id), testing::ElementsAre("payment.created", "payment.paid"));
  EXPECT_EQ(kept().size(), 1u);
}

// Those that name one payment wait for it before they look for the event; these do not.
TEST_F(ReceiveRaceTest, one_event_id_that_nobody_had_kept_yet_takes_effect_once_whatever_payment_it_names) {
  const std::vector<std::string> ids{pay("1234", "p1"), pay("5678", "p2")};
  expect_one_effect(race({paid_event("p1", "1234"), paid_event("p2", "5678")}));
  EXPECT_EQ(event_types(ids[0]).size() + event_types(ids[1]).size(), 3u) << "two were created, one was paid";
  EXPECT_EQ(kept().size(), 1u);
}

}  // namespace
}  // namespace till
