// The inbox: who has an event, for how long, and when it comes again.
#include "core/runtime/inbox.h"

#include <gmock/gmock.h>

#include <future>
#include <set>
#include <thread>

#include "core/base/id.h"
#include "core/base/limits.h"
#include "core/base/time.h"
#include "core/runtime/engine.h"
#include "core/runtime/local_operation.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class InboxTest : public AcmeTest {
 protected:
  Result<json::Value> call(std::string_view operation, const json::Value& input = json::Object()) {
    return parsed(shop_->call(operation, json::write(input)));
  }
  static json::Value text(const json::Value& event, std::string_view key) {
    return std::string(event.find_string(key).value_or("(none)"));
  }
  static json::Value held(const json::Value& event, json::Object more = {}) {
    more.set("id", text(event, "id"));
    more.set("lease", text(event, "lease"));
    return more;
  }

  // An event that happened now.
  std::string happen(std::string_view payment_id, std::string_view type = "payment.paid",
                     std::string_view gateway = "acme/live") {
    const Event event{.id = new_id("evt_", *clock_),
                      .gateway = std::string(gateway),
                      .payment_id = std::string(payment_id),
                      .type = std::string(type),
                      .source = "poll",
                      .at = clock_->now_ms(),
                      .detail = R"({"status":"paid"})"};
    EXPECT_TRUE(runtime_->engine().value()->store().run([&](Store& store) { return store.add_event(event); }).ok());
    return event.id;
  }

  json::Array take(json::Object input = {}) {
    auto taken = call("events.take", std::move(input));
    EXPECT_TRUE(taken.ok()) << taken.error().message;
    return *taken->find("items")->array();
  }
  // The ids of what is given now, each handled at once.
  std::vector<std::string> handle_all() {
    std::vector<std::string> ids;
    for (json::Array taken = take(); !taken.empty(); taken = take())
      for (const json::Value& event : taken) {
        EXPECT_TRUE(call("events.done", held(event)).ok());
        ids.push_back(*text(event, "id").string());
      }
    return ids;
  }
  json::Value get(std::string_view id) { return call("events.get", json::Object{{"id", id}}).value(); }
};

TEST_F(InboxTest, gives_an_event_with_its_payment_and_ends_when_it_is_done) {
  ASSERT_TRUE(run("payments.create", kPay, 201, kPending).ok());
  const json::Array taken = take();
  ASSERT_EQ(taken.size(), 1u);
  const json::Value& event = taken.front();
  EXPECT_EQ(text(event, "type"), "payment.created");
  EXPECT_EQ(text(event, "gateway"), "acme/live");
  EXPECT_EQ(text(event, "source"), "reply");
  EXPECT_EQ(text(event, "at"), format_iso_time(kNow));
  EXPECT_EQ(text(event, "state"), "taken");
  EXPECT_EQ(event.find_integer("attempts"), 1);
  EXPECT_EQ(text(event, "due_at"), format_iso_time(kNow + kDefaultLeaseMs));
  EXPECT_TRUE(event.find("last_error")->is_null());
  EXPECT_EQ(*event.find("detail"), json::Value(json::Object{{"status", "pending"}}));
  EXPECT_EQ(event.find("payment")->find_string("provider_id"), "p1");
  EXPECT_EQ(text(event, "payment_id"), text(*event.find("payment"), "id"));

  EXPECT_THAT(take(), IsEmpty()) << "somebody has it";
  const auto done = call("events.done", held(event));
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(text(*done, "state"), "done");
  EXPECT_TRUE(done->find("due_at")->is_null());
  clock_->advance(kMaxRetryAfterMs);
  EXPECT_THAT(take(), IsEmpty());
}

TEST_F(InboxTest, event_that_was_not_taken_yet_is_due_at_no_time) {
  ASSERT_TRUE(run("payments.create", kPay, 201, kPending).ok());
  const json::Value listed = call("events.list", json::Object{}).value();
  const json::Value& event = listed.find("items")->array()->front();
  EXPECT_EQ(text(event, "state"), "waiting");
  EXPECT_TRUE(event.find("due_at")->is_null()) << json::write(event);
}

TEST_F(InboxTest, fails_an_event_whose_payment_cannot_be_read_and_gives_the_others) {
  ASSERT_TRUE(run("payments.create", kPay, 201, kPending).ok());
  const std::string id = all_stored().front().id;
  change_tables("UPDATE payments SET record = 'no JSON' WHERE id = '" + id + "'");
  EXPECT_THAT(take(), IsEmpty());
  const std::string other = happen("pay_other");
  clock_->advance(2 * kFirstBackOffMs);
  EXPECT_THAT(handle_all(), ElementsAre(other)) << "it came first, and is alone in its attempt";
  const json::Value listed = call("events.list").value();
  const json::Value& failed = listed.find("items")->array()->back();
  EXPECT_EQ(text(failed, "payment_id"), id);
  EXPECT_EQ(text(failed, "state"), "waiting");
  EXPECT_EQ(failed.find_integer("attempts"), 2);
  EXPECT_THAT(*text(failed, "last_error").string(), HasSubstr("cannot be read"));
  for (int i = 0; i < kMaxEventAttempts; ++i) {
    clock_->advance(2 * kMaxBackOffMs);
    EXPECT_THAT(take(), IsEmpty());
  }
  EXPECT_EQ(text(call("events.list")->find("items")->array()->back(), "state"), "dead");
}

TEST_F(InboxTest, shows_the_payment_as_it_is_now) {
  const auto made = run("payments.create", kPay, 201, kPending).value();
  ASSERT_TRUE(run("payments.get", json::write(json::Object{{"id", text(made, "id")}}), 200, kPaid).ok());
  EXPECT_EQ(take().front().find("payment")->find_string("status"), "paid");
}

TEST_F(InboxTest, gives_the_events_of_one_payment_in_their_order) {
  const std::string first = happen("pay_1", "payment.created"), second = happen("pay_1", "payment.paid"),
                    third = happen("pay_1", "refund.created");
  EXPECT_THAT(handle_all(), ElementsAre(first, second, third));
}

TEST_F(InboxTest, holds_up_no_other_payment_behind_an_event_that_fails) {
  const std::string poison = happen("pay_1"), behind = happen("pay_1"), other = happen("pay_2");
  const json::Array taken = take();
  ASSERT_EQ(taken.size(), 2u);
  ASSERT_TRUE(call("events.fail", held(taken[0], {{"message", "no such order"}})).ok());
  ASSERT_TRUE(call("events.done", held(taken[1])).ok());
  EXPECT_THAT(take(), IsEmpty()) << "the second event of pay_1 waits for the first";
  EXPECT_EQ(text(get(poison), "last_error"), "no such order");
  EXPECT_EQ(text(get(behind), "state"), "waiting");
  EXPECT_EQ(text(get(other), "state"), "done");
  clock_->advance(2 * kFirstBackOffMs);
  EXPECT_THAT(handle_all(), ElementsAre(poison, behind));
}

TEST_F(InboxTest, comes_again_after_growing_pauses) {
  for (std::int64_t attempt = 1, pause = kFirstBackOffMs; attempt < kMaxEventAttempts; ++attempt) {
    std::set<std::int64_t> seen;
    for (int i = 0; i < 50; ++i) {
      const std::int64_t chosen = back_off_ms(attempt);
      EXPECT_GE(chosen, pause - pause / 4) << attempt;
      EXPECT_LE(chosen, pause + pause / 4) << attempt;
      seen.insert(chosen);
    }
    EXPECT_GT(seen.size(), 10u) << "by chance, so that many do not come at once";
    pause = std::min(2 * pause, kMaxBackOffMs);
  }
  const std::string id = happen("pay_1");
  ASSERT_TRUE(call("events.fail", held(take().front())).ok());
  const auto due_at = parse_time(*text(get(id), "due_at").string()).value();
  clock_->set(due_at - 1);
  EXPECT_THAT(take(), IsEmpty());
  clock_->set(due_at);
  EXPECT_EQ(take().front().find_integer("attempts"), 2);
}

TEST_F(InboxTest, comes_again_when_the_handler_says) {
  const std::string id = happen("pay_1");
  ASSERT_TRUE(call("events.fail", held(take().front(), {{"retry_after_ms", json::Value::integer(90'000)}})).ok());
  EXPECT_EQ(text(get(id), "due_at"), format_iso_time(kNow + 90'000));
  ASSERT_TRUE(take().empty());
  clock_->advance(90'000);
  EXPECT_EQ(take().size(), 1u);
}

TEST_F(InboxTest, is_dead_after_about_a_day_of_failures_and_makes_way) {
  const std::string poison = happen("pay_1"), behind = happen("pay_1");
  for (std::int64_t attempt = 1; attempt <= kMaxEventAttempts; ++attempt) {
    const json::Array taken = take();
    ASSERT_EQ(taken.size(), 1u) << attempt;
    ASSERT_EQ(text(taken.front(), "id"), poison) << attempt;
    const auto failed = call("events.fail", held(taken.front(), {{"message", "no"}}));
    ASSERT_EQ(text(*failed, "state"), attempt < kMaxEventAttempts ? "waiting" : "dead");
    if (attempt < kMaxEventAttempts) clock_->set(parse_time(*text(*failed, "due_at").string()).value());
  }
  const double hours = static_cast<double>(clock_->now_ms() - kNow) / 3'600'000;
  EXPECT_GT(hours, 17);
  EXPECT_LT(hours, 31);
  const json::Value dead = get(poison);
  EXPECT_EQ(text(dead, "last_error"), "no");
  EXPECT_TRUE(dead.find("due_at")->is_null());
  EXPECT_THAT(handle_all(), ElementsAre(behind));
}

TEST_F(InboxTest, can_be_replayed_when_it_is_over) {
  const std::string id = happen("pay_1");
  const json::Value event = take().front();
  const auto too_early = call("events.replay", json::Object{{"id", id}});
  EXPECT_EQ(too_early.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(too_early.error().code, "event_open");
  ASSERT_TRUE(call("events.done", held(event)).ok());
  const auto again = call("events.replay", json::Object{{"id", id}});
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(text(*again, "state"), "waiting");
  EXPECT_EQ(again->find_integer("attempts"), 0);
  EXPECT_THAT(handle_all(), ElementsAre(id));
}

TEST_F(InboxTest, comes_again_when_its_lease_is_over) {
  const std::string id = happen("pay_1");
  const json::Value first = take({{"lease_ms", json::Value::integer(kMinLeaseMs)}}).front();
  clock_->advance(kMinLeaseMs - 1);
  EXPECT_THAT(take(), IsEmpty());
  clock_->advance(1);
  const json::Array second = take();
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(text(second.front(), "id"), id);
  EXPECT_EQ(second.front().find_integer("attempts"), 2);
  EXPECT_NE(text(second.front(), "lease"), text(first, "lease"));
}

TEST_F(InboxTest, changes_nothing_for_whom_the_lease_is_lost) {
  const std::string id = happen("pay_1");
  const json::Value late = take({{"lease_ms", json::Value::integer(kMinLeaseMs)}}).front();
  clock_->advance(kMinLeaseMs);
  const auto refused = [&] {
    for (const char* operation : {"events.done", "events.fail", "events.release"}) {
      const json::Value before = get(id);
      const auto lost = call(operation, held(late));
      ASSERT_FALSE(lost.ok()) << operation;
      EXPECT_EQ(lost.error().kind, ErrorKind::kConflict) << operation;
      EXPECT_EQ(lost.error().code, "lease_lost") << operation;
      EXPECT_EQ(get(id), before) << operation;
    }
  };
  refused();  // nobody else has it yet
  const json::Value now = take().front();
  refused();  // somebody has
  ASSERT_TRUE(call("events.done", held(now)).ok());
  refused();  // it is over
}

TEST_F(InboxTest, is_dead_when_it_ends_every_worker_that_has_it) {
  const std::string poison = happen("pay_1"), behind = happen("pay_1");
  for (std::int64_t attempt = 1; attempt <= kMaxEventAttempts; ++attempt) {
    const json::Array taken = take();
    ASSERT_EQ(text(taken.front(), "id"), poison) << attempt;
    clock_->advance(kDefaultLeaseMs);
  }
  const json::Array next = take();
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(text(next.front(), "id"), behind);
  const json::Value dead = get(poison);
  EXPECT_EQ(text(dead, "state"), "dead");
  EXPECT_THAT(*text(dead, "last_error").string(), HasSubstr("went away"));
}

TEST_F(InboxTest, gives_what_was_tried_before_alone) {
  const std::string suspect = happen("pay_1"), second = happen("pay_2"), third = happen("pay_3");
  for (int i = 0; i < 3; ++i) ASSERT_EQ(take({{"limit", json::Value::integer(1)}}).size(), 1u);
  clock_->advance(kDefaultLeaseMs);
  const std::string fresh = happen("pay_4");
  for (const std::string& id : {suspect, second, third, fresh}) {
    const json::Array taken = take();
    ASSERT_EQ(taken.size(), 1u);
    EXPECT_EQ(text(taken.front(), "id"), id);
  }
  EXPECT_EQ(get(third).find_integer("attempts"), 2) << "what was passed over counts as not given";
  EXPECT_EQ(get(fresh).find_integer("attempts"), 1);
}

TEST_F(InboxTest, gives_what_is_fresh_before_what_was_tried_and_not_with_it) {
  const std::string first = happen("pay_1"), fresh = happen("pay_1"), suspect = happen("pay_2");
  const json::Array taken = take();
  ASSERT_TRUE(call("events.done", held(taken[0])).ok());
  ASSERT_TRUE(call("events.fail", held(taken[1])).ok());
  clock_->advance(2 * kFirstBackOffMs);
  EXPECT_THAT(handle_all(), ElementsAre(fresh, suspect));
  EXPECT_EQ(get(suspect).find_integer("attempts"), 2);
}

TEST_F(InboxTest, is_given_back_as_if_it_had_not_been_taken) {
  const std::string id = happen("pay_1");
  const auto released = call("events.release", held(take().front()));
  ASSERT_TRUE(released.ok()) << released.error().message;
  EXPECT_EQ(text(*released, "state"), "waiting");
  EXPECT_EQ(released->find_integer("attempts"), 0);
  EXPECT_EQ(take().front().find_integer("attempts"), 1);
}

TEST_F(InboxTest, is_listed_newest_first_in_pages) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(happen("pay_" + std::to_string(i % 2)));
  const auto listed = [&](json::Object input) {
    const json::Value page = call("events.list", std::move(input)).value();
    std::vector<std::string> out;
    for (const json::Value& one : *page.find("items")->array()) {
      EXPECT_EQ(one.find("payment"), nullptr);
      EXPECT_TRUE(one.find("lease")->is_null());
      out.push_back(*text(one, "id").string());
    }
    return std::pair(out, *page.find("next"));
  };
  const auto [first, next] = listed({{"limit", json::Value::integer(3)}});
  EXPECT_THAT(first, ElementsAre(ids[4], ids[3], ids[2]));
  EXPECT_EQ(next, ids[2]);
  const auto [second, end] = listed({{"limit", json::Value::integer(3)}, {"cursor", next}});
  EXPECT_THAT(second, ElementsAre(ids[1], ids[0]));
  EXPECT_TRUE(end.is_null());
  EXPECT_THAT(listed({{"payment_id", "pay_1"}}).first, ElementsAre(ids[3], ids[1]));
  take({{"limit", json::Value::integer(1)}});
  EXPECT_THAT(listed({{"state", "taken"}}).first, ElementsAre(ids[0]));
}

TEST_F(InboxTest, belongs_to_its_gateway) {
  const std::string ours = happen("pay_1"), theirs = happen("pay_2", "payment.paid", "acme/other");
  const auto refused = call("events.get", json::Object{{"id", theirs}});
  EXPECT_EQ(refused.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(refused.error().code, "unknown_event");
  EXPECT_EQ(call("events.replay", json::Object{{"id", theirs}}).error().code, "unknown_event");
  EXPECT_EQ(call("events.list").value().find("items")->array()->size(), 1u);
  EXPECT_THAT(handle_all(), ElementsAre(ours));

  std::promise<Result<std::string>> all;
  start_local(*find_local_operation("events.list"), {.runtime = runtime_}, "{}",
              [&](Result<std::string> result) { all.set_value(std::move(result)); });
  EXPECT_EQ(json::parse(all.get_future().get().value()).value().find("items")->array()->size(), 2u);
}

TEST_F(InboxTest, keeps_a_bounded_message_without_secrets) {
  const std::string id = happen("pay_1");
  std::string message(kMaxErrorMessageLength - 6, 'x');
  message += "sk_live_SECRET123 and more";
  ASSERT_TRUE(call("events.fail", held(take().front(), {{"message", message}})).ok());
  const std::string kept = *text(get(id), "last_error").string();
  EXPECT_EQ(kept.size(), kMaxErrorMessageLength);
  EXPECT_THAT(kept, HasSubstr("x[secre")) << "hidden before it was cut";
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("sk_live")));
}

TEST_F(InboxTest, keeps_no_secret_of_any_open_gateway_when_the_runtime_is_called) {
  happen("pay_1");
  const auto other = open_gateway(R"({"api_key":"sk_live_OTHER456","label":"other"})");
  const json::Value said = held(take().front(), {{"message", "tried sk_live_SECRET123, then sk_live_OTHER456"}});
  const auto failed = parsed(runtime_->call_store("events.fail", json::write(said)));
  ASSERT_TRUE(failed.ok()) << failed.error().message;
  EXPECT_EQ(text(*failed, "last_error"), "tried [secret], then [secret]");
  EXPECT_THAT(kept_bytes(), Not(HasSubstr("sk_live")));
}

TEST_F(InboxTest, shows_no_secret_that_was_kept_where_its_gateway_was_not_open) {
  const std::string id = happen("pay_1");
  const json::Value said = held(take().front(), {{"message", "tried sk_live_SECRET123"}});
  shop_.reset();
  ASSERT_TRUE(runtime_->call_store("events.fail", json::write(said)).ok());
  ASSERT_THAT(kept_bytes(), HasSubstr("sk_live_SECRET123")) << "nobody here knew that it was one";

  shop_ = open_gateway();
  EXPECT_EQ(text(get(id), "last_error"), "tried [secret]");
  const auto listed = call("events.list").value();
  EXPECT_EQ(text(listed.find("items")->array()->front(), "last_error"), "tried [secret]");
  for (const auto& [operation, input] : {std::pair("events.list", "{}"), {"store.export", R"({"kind":"events"})"}})
    EXPECT_THAT(runtime_->call_store(operation, input).value(), Not(HasSubstr("sk_live"))) << operation;
}

TEST_F(InboxTest, refuses_wrong_input_with_its_place) {
  const auto field = [&](std::string_view operation, json::Object input) {
    const auto refused = call(operation, std::move(input));
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidRequest);
    return refused.error().field;
  };
  EXPECT_EQ(field("events.take", {{"limit", json::Value::integer(0)}}), "$.limit");
  EXPECT_EQ(field("events.take", {{"limit", json::Value::integer(kMaxTakenEvents + 1)}}), "$.limit");
  EXPECT_EQ(field("events.take", {{"lease_ms", json::Value::integer(kMinLeaseMs - 1)}}), "$.lease_ms");
  EXPECT_EQ(field("events.take", {{"lease_ms", json::Value::integer(kMaxLeaseMs + 1)}}), "$.lease_ms");
  EXPECT_EQ(field("events.fail", {{"id", "evt_1"}, {"lease", "l"}, {"retry_after_ms", json::Value::integer(-1)}}),
            "$.retry_after_ms");
  EXPECT_EQ(field("events.done", {{"id", "evt_1"}}), "$.lease");
  EXPECT_EQ(field("events.list", {{"state", "lost"}}), "$.state");
  EXPECT_EQ(field("events.list", {{"page", "2"}}), "$.page");
  EXPECT_EQ(shop_->call("events.list", "[]").error().field, "$");
  EXPECT_TRUE(call("events.list", json::Object{{"state", nullptr}}).ok()) << "null counts as absent";
}

TEST_F(InboxTest, asks_no_provider_so_that_there_is_nothing_to_step) {
  const auto refused = shop_->begin("events.take", "{}");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnsupported);
  EXPECT_EQ(refused.error().code, "no_exchange");
}

}  // namespace
}  // namespace till
