// Rate limits: when a gateway keeps still, how long it waits, and what it sends after that.
#include "core/runtime/rate_limit.h"

#include <gmock/gmock.h>

#include "core/runtime/engine.h"
#include "core/runtime/operation.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::HasSubstr;

constexpr UnixMillis kTime = 1'800'000'000'000;

plugin::RateLimit names(plugin::RateLimit::ResetUnit unit) { return {"X-Limit", "X-Remaining", "X-Reset", unit}; }

RateHint hint(const http::Headers& headers,
              plugin::RateLimit::ResetUnit unit = plugin::RateLimit::ResetUnit::kEpochSeconds) {
  return read_rate_hint(names(unit), headers, kTime);
}

TEST(RateHint, is_read_from_the_fields_that_the_manifest_names) {
  const RateHint seen = hint({{"x-limit", "100"}, {"x-remaining", "7"}, {"x-reset", "1800000060"}});
  EXPECT_EQ(seen.limit, 100);
  EXPECT_EQ(seen.remaining, 7);
  EXPECT_EQ(seen.reset_in_ms, 60'000);
  EXPECT_EQ(hint({{"X-Reset", "5"}}, plugin::RateLimit::ResetUnit::kSeconds).reset_in_ms, 5'000);
  EXPECT_EQ(hint({}).remaining, std::nullopt);
  EXPECT_EQ(read_rate_hint({}, {{"", "0"}}, kTime).remaining, std::nullopt) << "a manifest that names none reads none";
}

TEST(RateHint, measures_an_epoch_time_by_the_servers_own_date) {
  // 1800000030 by the server's clock, which is 30 s ahead of ours.
  const RateHint seen = hint({{"X-Reset", "1800000060"}, {"Date", "Fri, 15 Jan 2027 08:00:30 GMT"}});
  EXPECT_EQ(seen.reset_in_ms, 30'000);
}

TEST(RateHint, is_0_for_a_reset_that_is_past_and_nothing_for_one_that_cannot_be) {
  EXPECT_EQ(hint({{"X-Reset", "1799999999"}}).reset_in_ms, 0);
  EXPECT_EQ(hint({{"X-Reset", "1800000000000"}}).reset_in_ms, std::nullopt) << "milliseconds";
  EXPECT_EQ(hint({{"X-Reset", "86401"}}, plugin::RateLimit::ResetUnit::kSeconds).reset_in_ms, std::nullopt);
  EXPECT_EQ(hint({{"X-Reset", "86400"}}, plugin::RateLimit::ResetUnit::kSeconds).reset_in_ms, kMaxRateResetMs);
  EXPECT_EQ(hint({{"X-Reset", "soon"}}).reset_in_ms, std::nullopt);
}

TEST(RateMemory, holds_until_the_latest_reset_after_nothing_remained) {
  RateMemory memory;
  memory.note({.limit = 5, .remaining = 1, .reset_in_ms = 60'000}, kTime);
  EXPECT_EQ(memory.wait_ms(kTime), 0);
  memory.note({.limit = 5, .remaining = 0, .reset_in_ms = std::nullopt}, kTime);
  EXPECT_EQ(memory.wait_ms(kTime), 0) << "until when, nobody said";
  memory.note({.limit = 5, .remaining = 0, .reset_in_ms = 60'000}, kTime);
  memory.note({.limit = 5, .remaining = 0, .reset_in_ms = 10'000}, kTime);
  EXPECT_EQ(memory.wait_ms(kTime), 60'000);
  EXPECT_EQ(memory.wait_ms(kTime + 60'000), 0);
}

TEST(RateMemory, forgets_a_limit_when_the_clock_is_set_back) {
  constexpr std::int64_t kHours = 6 * 3'600'000;
  RateMemory memory;
  memory.note({.limit = 5, .remaining = 0, .reset_in_ms = 60'000}, kTime);
  EXPECT_EQ(memory.wait_ms(kTime - 1), 60'001) << "threads do not read it at once";
  EXPECT_EQ(memory.wait_ms(kTime - kHours), 0);
  memory.note({.limit = 5, .remaining = 0, .reset_in_ms = 10'000}, kTime - kHours);
  EXPECT_EQ(memory.wait_ms(kTime - kHours), 10'000) << "what is told since then counts";
}

TEST(RateMemory, lets_those_who_wait_together_go_one_after_the_other) {
  RateMemory memory;
  EXPECT_EQ(memory.turn_at(kTime), kTime);
  EXPECT_EQ(memory.turn_at(kTime), kTime + kSpreadStepMs);
  EXPECT_EQ(memory.turn_at(kTime + 5), kTime + 2 * kSpreadStepMs);
  EXPECT_EQ(memory.turn_at(kTime + 60'000), kTime + 60'000) << "another moment";
  EXPECT_EQ(memory.turn_at(kTime), kTime) << "the queue of a later moment is not waited for";
  UnixMillis latest = 0;
  for (int i = 0; i < 1'000; ++i) latest = std::max(latest, memory.turn_at(kTime));
  EXPECT_EQ(latest, kTime + kMaxSpreadMs);
}

class RateLimitTest : public AcmeTest {
 protected:
  static constexpr std::string_view kWaiting = R"({"api_key":"sk_live_SECRET123","rate_limit_wait_ms":60000})";
  static const http::Headers kUsedUp;

  void open(std::string_view settings = R"({"api_key":"sk_live_SECRET123"})") {
    open_variant(replaced(kAcmeManifest, R"("idempotency": null)", R"("idempotency": {"header": "Key"},
      "rate_limit": {"limit_header": "X-Limit", "remaining_header": "X-Remaining", "reset_header": "X-Reset", "reset_unit": "seconds"})"),
                 settings);
  }
  // The last reply said that nothing more is allowed for 20 s.
  void use_up() {
    const auto last = begin("check", "{}");
    reply(*last, 200, "{}", kUsedUp);
    EXPECT_TRUE(last->result().ok());
  }
};

const http::Headers RateLimitTest::kUsedUp = {{"X-Limit", "5"}, {"X-Remaining", "0"}, {"X-Reset", "20"}};

TEST_F(RateLimitTest, that_is_used_up_lets_nothing_out_before_the_reset) {
  open();
  use_up();
  const auto held = begin("payments.create", kPay);
  ASSERT_EQ(held->request(), nullptr);
  const Error& error = held->result().error();
  EXPECT_EQ(error.kind, ErrorKind::kRateLimited);
  EXPECT_EQ(error.sent, Sent::kNo);
  EXPECT_TRUE(error.retryable);
  EXPECT_EQ(error.retry_after_ms, 20'000);
  EXPECT_THAT(error.message, HasSubstr("its limit of 5 requests is used up; call again in 20 s"));
  EXPECT_TRUE(all_stored(shop_->name()).empty());
  clock_->advance(19'999);
  EXPECT_EQ(begin("check", "{}")->request(), nullptr);
  clock_->advance(1);
  EXPECT_NE(begin("payments.create", kPay)->request(), nullptr) << "the key is free again";
}

TEST_F(RateLimitTest, of_one_gateway_is_not_another_ones) {
  open();
  use_up();
  open();
  EXPECT_NE(begin("check", "{}")->request(), nullptr);
}

TEST_F(RateLimitTest, is_waited_for_where_the_gateway_allows_it) {
  open(kWaiting);
  use_up();
  const auto waiting = begin("payments.create", kPay);
  ASSERT_NE(waiting->request(), nullptr);
  EXPECT_EQ(waiting->wait_ms(), 20'000);
  clock_->advance(5'000);
  EXPECT_EQ(waiting->wait_ms(), 15'000);
  clock_->advance(16'000);
  EXPECT_EQ(waiting->wait_ms(), 0);
  EXPECT_EQ(waiting->timeout_ms(), 29'000) << "the wait does not count";
  reply(*waiting, 200, kPending);
  EXPECT_TRUE(waiting->result().ok());
  EXPECT_EQ(waiting->wait_ms(), 0);
}

TEST_F(RateLimitTest, does_not_wake_all_who_wait_at_once) {
  open(R"({"api_key":"sk_live_SECRET123","rate_limit_wait_ms":20030})");
  use_up();
  const auto first = begin("check", "{}"), second = begin("check", "{}"), third = begin("check", "{}");
  EXPECT_EQ(first->wait_ms(), 20'000);
  EXPECT_EQ(second->wait_ms(), 20'000 + kSpreadStepMs);
  EXPECT_EQ(third->wait_ms(), 20'030) << "no longer than the gateway allows";
}

TEST_F(RateLimitTest, that_outlasts_what_the_gateway_allows_is_an_error_at_once) {
  open(R"({"api_key":"sk_live_SECRET123","rate_limit_wait_ms":19999})");
  use_up();
  const auto held = begin("check", "{}");
  EXPECT_EQ(held->request(), nullptr);
  EXPECT_EQ(held->result().error().kind, ErrorKind::kRateLimited);
}

TEST_F(RateLimitTest, refusal_is_sent_again_with_the_same_key_after_the_wait) {
  open(kWaiting);
  const auto exchange = begin("payments.create", kPay);
  const http::Request first = *exchange->request();
  reply(*exchange, 429, "{}", {{"Retry-After", "7"}});
  ASSERT_NE(exchange->request(), nullptr);
  EXPECT_EQ(exchange->wait_ms(), 7'000);
  EXPECT_EQ(exchange->request()->body, first.body);
  EXPECT_EQ(exchange->request()->headers.find("Key"), first.headers.find("Key"));
  reply(*exchange, 200, kPending);
  EXPECT_TRUE(exchange->result().ok());
  EXPECT_EQ(all_stored(shop_->name()).at(0).status, PaymentStatus::kPending);
}

TEST_F(RateLimitTest, refusal_of_what_is_sent_once_is_waited_for_as_well) {
  open_variant(kAcmeManifest, kWaiting,
               replaced(kAcmeScript, R"(http.get("/me"))", R"(http.get("/me", {once = true}))"));
  const auto exchange = begin("check", "{}");
  reply(*exchange, 429, "{}", {{"Retry-After", "7"}});
  ASSERT_NE(exchange->request(), nullptr) << "nobody looked at it";
  reply(*exchange, 200, "{}");
  EXPECT_TRUE(exchange->result().ok());
}

TEST_F(RateLimitTest, refusals_are_waited_for_in_all_as_long_as_the_gateway_allows) {
  open(kWaiting);
  const auto exchange = begin("payments.create", kPay);
  reply(*exchange, 429, "{}", {{"Retry-After", "40"}});
  reply(*exchange, 429, "{}", {{"Retry-After", "20"}});
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 429, "{}", {{"Retry-After", "0"}});
  ASSERT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kRateLimited);
  EXPECT_EQ(exchange->result().error().sent, Sent::kYes);
}

TEST_F(RateLimitTest, refusal_without_a_time_is_an_error) {
  open(kWaiting);
  const auto exchange = begin("check", "{}");
  reply(*exchange, 429, "{}");
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kRateLimited);
  EXPECT_EQ(exchange->result().error().retry_after_ms, std::nullopt);
}

TEST_F(RateLimitTest, refusal_is_told_with_the_time_of_the_reset) {
  open();
  const auto plain = begin("check", "{}");
  reply(*plain, 429, "{}", {{"X-Remaining", "0"}, {"X-Reset", "20"}, {"Retry-After", "7"}});
  EXPECT_EQ(plain->result().error().retry_after_ms, 7'000) << "Retry-After counts more";
  open();
  const auto reset = begin("check", "{}");
  reply(*reset, 429, "{}", {{"X-Reset", "20"}});
  EXPECT_EQ(reset->result().error().retry_after_ms, 20'000);
  const auto other = begin("check", "{}");
  reply(*other, 500, "{}", {{"X-Reset", "20"}});
  EXPECT_EQ(other->result().error().retry_after_ms, std::nullopt) << "no matter of rates";
}

TEST_F(RateLimitTest, write_that_may_have_arrived_before_is_not_sent_again) {
  open(kWaiting);
  const auto exchange = begin("payments.create", kPay);
  EXPECT_TRUE(exchange->reply({.status = 429, .headers = {{"Retry-After", "1"}}, .body = "{}", .repeated = true}).ok());
  ASSERT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(RateLimitTest, write_that_failed_at_the_server_is_not_sent_again) {
  open_variant(
      replaced(kAcmeManifest, R"({"status": 401,)", R"({"status": 503, "kind": "RateLimited"}, {"status": 401,)"),
      kWaiting);
  const auto exchange = begin("payments.create", kPay);
  reply(*exchange, 503, "{}", {{"Retry-After", "1"}});
  ASSERT_EQ(exchange->request(), nullptr);
  EXPECT_EQ(exchange->result().error().kind, ErrorKind::kOutcomeUnknown);
}

TEST_F(RateLimitTest, that_a_write_used_up_does_not_hold_what_the_same_operation_asks_next) {
  open();
  const auto exchange = begin("native.setTwo", "{}");
  reply(*exchange, 200, "{}", kUsedUp);
  ASSERT_NE(exchange->request(), nullptr);
  reply(*exchange, 200, R"({"done":true})");
  EXPECT_TRUE(exchange->result().ok());
}

TEST_F(RateLimitTest, keeps_a_waiting_write_from_being_taken_for_abandoned) {
  open(kWaiting);
  use_up();
  const auto waiting = begin("payments.create", kPay);
  clock_->advance(30'000 + 60'000 + 60'000);
  const auto second = begin("payments.create", kPay);
  EXPECT_EQ(second->result().error().code, "in_flight");
}

TEST_F(RateLimitTest, lets_a_caller_walk_away_while_it_waits_without_leaving_anything_unknown) {
  open(kWaiting);
  use_up();
  const auto engine = runtime_->engine().value();
  auto operation = Operation::prepare(shop_, "payments.create", kPay, engine->store()).value();
  operation->stored(engine->store().run(operation->store_task()));
  ASSERT_EQ(operation->need(), Operation::Need::kWait);
  auto task = operation->abandon();
  ASSERT_TRUE(task.has_value());
  EXPECT_TRUE(engine->store().run(*std::move(task)).ok());
  EXPECT_TRUE(all_stored(shop_->name()).empty());
}

}  // namespace
}  // namespace till
