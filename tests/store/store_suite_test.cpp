// What store.h promises, on each database.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include "core/store/queue.h"
#include "tests/store/store_fixture.h"

namespace till {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

template <class Things>
std::vector<std::string> ids(const Things& things) {
  std::vector<std::string> out;
  for (const auto& thing : things) {
    if constexpr (requires { thing.event.id; })
      out.push_back(thing.event.id);
    else
      out.push_back(thing.id);
  }
  return out;
}

class StoreSuite : public StoreTest {
 protected:
  StoreSuite() : store_(open()) {}

  void put(const std::vector<Payment>& payments) {
    for (const Payment& payment : payments) ASSERT_TRUE(store_->put_payment(payment).ok());
  }
  void add(const std::vector<Event>& events) {
    for (const Event& event : events) ASSERT_TRUE(store_->add_event(event).ok());
  }
  std::vector<InboxEvent> take(std::size_t limit, const std::string& lease = "lease", UnixMillis now_ms = kStoreNow,
                               const std::string& gateway = "") {
    return store_
        ->take_events(
            {.gateway = gateway, .now_ms = now_ms, .lease_until = now_ms + 100, .lease = lease, .limit = limit})
        .value();
  }
  EventState state(const std::string& id) { return store_->find_event(id).value()->state; }

  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(Each, StoreSuite, testing::Values("sqlite", "postgres"), name_of_store);

// Transactions.

TEST_P(StoreSuite, what_was_committed_is_there_for_another_connection_and_nothing_else) {
  ASSERT_TRUE(store_->begin().ok());
  EXPECT_TRUE(store_->in_transaction());
  put({a_payment("pay_1", "p1")});
  EXPECT_FALSE(open()->find_payment("pay_1").value().has_value());
  ASSERT_TRUE(store_->commit().ok());
  EXPECT_FALSE(store_->in_transaction());
  const auto found = open()->find_payment_by_provider_id("acme/live", "p1").value();
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, "pay_1");
  EXPECT_EQ(found->amount->amount_text(), "10.00");
}

TEST_P(StoreSuite, what_was_rolled_back_is_gone) {
  ASSERT_TRUE(store_->begin().ok());
  put({a_payment("pay_1")});
  store_->rollback();
  EXPECT_FALSE(store_->in_transaction());
  EXPECT_FALSE(store_->find_payment("pay_1").value().has_value());
}

TEST_P(StoreSuite, a_savepoint_takes_back_what_came_after_it_only) {
  ASSERT_TRUE(store_->begin().ok());
  put({a_payment("pay_1")});
  ASSERT_TRUE(store_->savepoint().ok());
  put({a_payment("pay_2")});
  store_->rollback_to_savepoint();
  ASSERT_TRUE(store_->release_savepoint().ok());
  put({a_payment("pay_3")});
  ASSERT_TRUE(store_->commit().ok());
  EXPECT_THAT(ids(store_->list_payments({}).value()), ElementsAre("pay_3", "pay_1"));
}

TEST_P(StoreSuite, a_suspended_store_comes_back_with_what_was_committed) {
  put({a_payment("pay_1")});
  store_->suspend();
  ASSERT_TRUE(store_->resume().ok());
  EXPECT_TRUE(store_->find_payment("pay_1").value().has_value());
  EXPECT_FALSE(store_->lost());
}

TEST_P(StoreSuite, a_killed_process_leaves_what_it_committed_and_nothing_else) {
  store_->suspend();
  const pid_t child = fork();
  if (child == 0) {
    auto store = open_store(place_).value();
    (void)store->begin();
    (void)store->put_payment(a_payment("pay_1"));
    (void)store->commit();
    (void)store->begin();
    (void)store->put_payment(a_payment("pay_2"));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  ASSERT_TRUE(store_->resume().ok());
  EXPECT_TRUE(store_->find_payment("pay_1").value().has_value());
  EXPECT_FALSE(store_->find_payment("pay_2").value().has_value());
}

TEST_P(StoreSuite, any_bytes_come_back_as_they_were) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string texts[] = {"",
                               "plain",
                               "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x92\xB6",
                               all,
                               all + all,
                               std::string("\0", 1),
                               "\xF4\x8F\xBF\xBF"
                               "41",
                               "\xF4\x8F\xBF",
                               "%00 \\000 ''"};
  for (const std::string& text : texts) {
    Webhook webhook = a_webhook("whk_" + std::to_string(&text - texts), text);
    webhook.body = text;
    ASSERT_TRUE(store_->claim_webhook(webhook).value());
    EXPECT_FALSE(store_->claim_webhook(webhook).value());
    EXPECT_TRUE(store_->has_webhook("acme/live", text).value());
  }
  const auto kept = store_->list_webhooks({}).value();
  ASSERT_EQ(kept.size(), std::size(texts));
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_EQ(kept[kept.size() - 1 - i].body, texts[i]);
}

// Writes.

TEST_P(StoreSuite, a_second_claim_of_a_key_gets_the_first_record) {
  EXPECT_FALSE(store_->claim_write(a_write("wrt_1", "key")).value().has_value());
  const auto earlier = store_->claim_write(a_write("wrt_2", "key")).value();
  ASSERT_TRUE(earlier.has_value());
  EXPECT_EQ(earlier->id, "wrt_1");
  EXPECT_EQ(earlier->state, WriteState::kInFlight);
  EXPECT_EQ(earlier->deadline_at, kStoreNow + 10);
  EXPECT_FALSE(store_->claim_write(a_write("wrt_3", "other")).value().has_value());
}

TEST_P(StoreSuite, the_same_claim_run_again_is_the_same_claim) {
  EXPECT_FALSE(store_->claim_write(a_write("wrt_1", "key")).value().has_value());
  EXPECT_FALSE(store_->claim_write(a_write("wrt_1", "key")).value().has_value());
}

TEST_P(StoreSuite, a_key_is_unique_within_its_gateway_only) {
  Write other = a_write("wrt_2", "key");
  other.gateway = "acme/second";
  EXPECT_FALSE(store_->claim_write(a_write("wrt_1", "key")).value().has_value());
  EXPECT_FALSE(store_->claim_write(other).value().has_value());
}

TEST_P(StoreSuite, a_settled_write_keeps_its_outcome_and_no_input) {
  (void)store_->claim_write(a_write("wrt_1", "key"));
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, "{\"id\": 1}", kStoreNow).ok());
  const auto earlier = store_->claim_write(a_write("wrt_2", "key")).value();
  EXPECT_EQ(earlier->outcome, "{\"id\": 1}");
  EXPECT_EQ(earlier->input, "");
  EXPECT_EQ(earlier->state, WriteState::kDone);
}

TEST_P(StoreSuite, a_forgotten_write_frees_its_key) {
  (void)store_->claim_write(a_write("wrt_1", "key"));
  ASSERT_TRUE(store_->forget_write("wrt_1").ok());
  EXPECT_FALSE(store_->claim_write(a_write("wrt_2", "key")).value().has_value());
}

TEST_P(StoreSuite, a_done_write_stays_done) {
  (void)store_->claim_write(a_write("wrt_1", "key"));
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, "{}", kStoreNow).ok());
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kUnknown, "", kStoreNow).ok());
  ASSERT_TRUE(store_->forget_write("wrt_1").ok());
  const auto writes = store_->list_writes({.gateway = "acme/live"}).value();
  ASSERT_EQ(writes.size(), 1u);
  EXPECT_EQ(writes[0].state, WriteState::kDone);
  EXPECT_EQ(writes[0].outcome, "{}");
}

TEST_P(StoreSuite, of_two_who_settle_a_write_the_first_one_stands) {
  ASSERT_FALSE(store_->claim_write(a_write("wrt_1", "key")).value().has_value());
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, R"({"id":"first"})", kStoreNow).ok());
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, R"({"id":"second"})", kStoreNow + 1).ok());
  const Write settled = store_->find_write("wrt_1").value().value();
  EXPECT_EQ(settled.outcome, R"({"id":"first"})");
  EXPECT_EQ(settled.settled_at, kStoreNow);
}

TEST_P(StoreSuite, what_is_not_recorded_cannot_be_settled) {
  (void)store_->claim_write(a_write("wrt_1", "key"));
  for (const WriteState state : {WriteState::kDone, WriteState::kUnknown}) {
    const Status settled = store_->settle_write("wrt_2", state, "", kStoreNow);
    ASSERT_FALSE(settled.ok());
    EXPECT_EQ(settled.error().code, "store_write_gone");
  }
}

TEST_P(StoreSuite, the_next_look_is_the_earliest_of_writes_and_payments) {
  EXPECT_EQ(store_->next_look("acme/live").value(), std::nullopt);
  Payment due = a_payment("pay_1", "p1");
  due.look_at = 500;
  put({due});
  EXPECT_EQ(store_->next_look("acme/live").value(), 500);
  Write in_flight = a_write("wrt_1", "key");
  in_flight.deadline_at = 300;
  in_flight.look_at = 0;
  (void)store_->claim_write(in_flight);
  EXPECT_EQ(store_->next_look("acme/live").value(), 301) << "not while its sender may live";
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kUnknown, "", kStoreNow).ok());
  ASSERT_TRUE(store_->put_off_write("wrt_1", 400).ok());
  EXPECT_EQ(store_->next_look("acme/live").value(), 400);
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, "{}", kStoreNow).ok());
  EXPECT_EQ(store_->next_look("acme/live").value(), 500);
  EXPECT_EQ(store_->next_look("acme/test").value(), std::nullopt);
}

TEST_P(StoreSuite, unsettled_writes_are_those_that_nobody_will_settle) {
  (void)store_->claim_write(a_write("wrt_late", "1"));
  Write fresh = a_write("wrt_fresh", "2");
  fresh.deadline_at = kStoreNow + 1'000;
  (void)store_->claim_write(fresh);
  (void)store_->claim_write(a_write("wrt_done", "3"));
  (void)store_->settle_write("wrt_done", WriteState::kDone, "{}", kStoreNow);
  (void)store_->claim_write(a_write("wrt_unknown", "4"));
  (void)store_->settle_write("wrt_unknown", WriteState::kUnknown, "", kStoreNow);
  Write elsewhere = a_write("wrt_elsewhere", "5");
  elsewhere.gateway = "acme/second";
  (void)store_->claim_write(elsewhere);

  const UnixMillis now = kStoreNow + 50;
  auto taken = store_->take_unsettled_writes("acme/live", now, now + 100, 10).value();
  EXPECT_THAT(ids(taken), testing::UnorderedElementsAre("wrt_late", "wrt_unknown"));
  EXPECT_EQ(taken[0].looks, 1);
  EXPECT_EQ(taken[0].look_at, now + 100);
  EXPECT_THAT(store_->take_unsettled_writes("acme/live", now, now + 100, 10).value(), IsEmpty()) << "put off";
  ASSERT_TRUE(store_->put_off_write("wrt_unknown", now + 500).ok());
  EXPECT_THAT(ids(store_->take_unsettled_writes("acme/live", now + 100, now + 900, 10).value()),
              ElementsAre("wrt_late"));
  EXPECT_THAT(ids(store_->list_writes({.gateway = "acme/live", .only_unsettled = true}).value()),
              ElementsAre("wrt_unknown", "wrt_late", "wrt_fresh"));
}

TEST_P(StoreSuite, the_writes_about_one_payment_are_listed) {
  (void)store_->claim_write(a_write("wrt_1", "1"));
  Write other = a_write("wrt_2", "2");
  other.payment_id = "pay_2";
  (void)store_->claim_write(other);
  (void)store_->claim_write(a_write("wrt_3", "3"));
  (void)store_->settle_write("wrt_3", WriteState::kDone, "{}", kStoreNow);
  EXPECT_THAT(ids(store_->list_writes({.payment_id = "pay_1"}).value()), ElementsAre("wrt_3", "wrt_1"));
  EXPECT_THAT(ids(store_->list_writes({.payment_id = "pay_1", .only_unsettled = true}).value()), ElementsAre("wrt_1"));
}

// Payments.

TEST_P(StoreSuite, payments_are_listed_newest_first_and_filtered) {
  Payment unknown = a_payment("pay_4");
  unknown.outcome = Outcome::kUnknown;
  put({a_payment("pay_1"), a_payment("pay_2"), a_payment("pay_3"), unknown});
  PaymentQuery query{.gateway = "acme/live", .limit = 2};
  auto page = store_->list_payments(query).value();
  EXPECT_THAT(ids(page), ElementsAre("pay_4", "pay_3"));
  query.before_id = page[1].id;
  EXPECT_THAT(ids(store_->list_payments(query).value()), ElementsAre("pay_2", "pay_1"));
  EXPECT_THAT(ids(store_->list_payments({.only_unknown = true}).value()), ElementsAre("pay_4"));
  EXPECT_THAT(ids(store_->list_payments({.reference = "order-pay_2"}).value()), ElementsAre("pay_2"));
  EXPECT_THAT(store_->list_payments({.gateway = "acme/second"}).value(), IsEmpty());
  EXPECT_THAT(store_->list_payments({.gateway = "acme/live", .status = PaymentStatus::kPaid}).value(), IsEmpty());
}

TEST_P(StoreSuite, ids_are_ordered_by_their_bytes) {
  put({a_payment("pay_B"), a_payment("pay_a"), a_payment("pay__"), a_payment("pay_0")});
  EXPECT_THAT(ids(store_->list_payments({}).value()), ElementsAre("pay_a", "pay__", "pay_B", "pay_0"));
}

TEST_P(StoreSuite, due_payments_are_taken_once_the_longest_due_first) {
  Payment sooner = a_payment("pay_1"), later = a_payment("pay_2"), not_yet = a_payment("pay_3");
  sooner.look_at = kStoreNow - 20;
  later.look_at = kStoreNow - 10;
  not_yet.look_at = kStoreNow + 1;
  put({later, sooner, not_yet, a_payment("pay_4")});
  std::vector<std::string> unreadable;
  const auto take = [&](std::size_t limit) {
    return store_->take_due_payments("acme/live", kStoreNow, kStoreNow + 100, limit, unreadable).value();
  };
  const auto first = take(1);
  EXPECT_THAT(ids(first), ElementsAre("pay_1"));
  EXPECT_EQ(first[0].look_at, kStoreNow + 100);
  EXPECT_EQ(first[0].looks, 1);
  EXPECT_THAT(ids(take(9)), ElementsAre("pay_2"));
  EXPECT_THAT(take(9), IsEmpty());
  EXPECT_THAT(unreadable, IsEmpty());
}

TEST_P(StoreSuite, a_payment_is_hastened_and_never_held_back) {
  Payment late = a_payment("pay_1"), soon = a_payment("pay_2");
  late.look_at = kStoreNow + 100;
  late.looks = 5;
  soon.look_at = kStoreNow + 10;
  put({late, soon, a_payment("pay_3")});
  for (const char* id : {"pay_1", "pay_2", "pay_3"}) ASSERT_TRUE(store_->hasten_payment(id, kStoreNow + 50).ok());
  EXPECT_EQ(store_->find_payment("pay_1").value()->look_at, kStoreNow + 50);
  EXPECT_EQ(store_->find_payment("pay_1").value()->looks, 0);
  EXPECT_EQ(store_->find_payment("pay_2").value()->look_at, kStoreNow + 10);
  EXPECT_EQ(store_->find_payment("pay_3").value()->look_at, kStoreNow + 50);
}

TEST_P(StoreSuite, a_payment_is_replaced_by_its_id_and_forgotten) {
  put({a_payment("pay_1", "p1"), a_payment("pay_1", "p2")});
  EXPECT_EQ(store_->find_payment("pay_1").value()->provider_id, "p2");
  EXPECT_FALSE(store_->find_payment_by_provider_id("acme/live", "p1").value().has_value());
  ASSERT_TRUE(store_->forget_payment("pay_1").ok());
  EXPECT_FALSE(store_->find_payment("pay_1").value().has_value());
}

// Events and their inbox.

TEST_P(StoreSuite, events_come_back_in_their_order_each_once) {
  Event again = an_event("evt_1");
  again.type = "another";
  add({an_event("evt_2"), an_event("evt_1"), again});
  const auto events = store_->list_events("pay_1").value();
  EXPECT_THAT(ids(events), ElementsAre("evt_2", "evt_1"));
  EXPECT_EQ(events[1].type, "payment.created");
  EXPECT_THAT(store_->list_events("pay_2").value(), IsEmpty());
}

TEST_P(StoreSuite, of_one_payment_only_the_first_open_event_is_taken) {
  add({an_event("evt_1", "pay_1"), an_event("evt_2", "pay_1"), an_event("evt_3", "pay_2")});
  const auto taken = take(10);
  EXPECT_THAT(ids(taken), ElementsAre("evt_1", "evt_3"));
  EXPECT_EQ(taken[0].attempts, 1);
  EXPECT_EQ(taken[0].state, EventState::kTaken);
  EXPECT_THAT(take(10), IsEmpty());
  ASSERT_TRUE(store_->settle_event("evt_1", "lease", EventState::kDone, 0, "").value());
  EXPECT_THAT(ids(take(10)), ElementsAre("evt_2"));
}

TEST_P(StoreSuite, a_dead_event_does_not_hold_up_its_payment) {
  add({an_event("evt_1"), an_event("evt_2")});
  (void)take(1);
  ASSERT_TRUE(store_->settle_event("evt_1", "lease", EventState::kDead, 0, "no").value());
  EXPECT_THAT(ids(take(10)), ElementsAre("evt_2"));
  EXPECT_EQ(store_->find_event("evt_1").value()->last_error, "no");
}

TEST_P(StoreSuite, an_event_put_off_waits_until_it_is_due) {
  add({an_event("evt_1")});
  (void)take(1);
  ASSERT_TRUE(store_->settle_event("evt_1", "lease", EventState::kWaiting, kStoreNow + 50, "later").value());
  EXPECT_THAT(take(1, "lease", kStoreNow + 49), IsEmpty());
  const auto taken = take(1, "lease", kStoreNow + 50);
  EXPECT_THAT(ids(taken), ElementsAre("evt_1"));
  EXPECT_EQ(taken[0].attempts, 2);
}

TEST_P(StoreSuite, a_lease_that_is_over_can_be_taken_and_its_first_taker_settles_nothing) {
  add({an_event("evt_1")});
  (void)take(1, "first");
  EXPECT_THAT(take(1, "second", kStoreNow + 99), IsEmpty());
  EXPECT_THAT(ids(take(1, "second", kStoreNow + 100)), ElementsAre("evt_1"));
  EXPECT_FALSE(store_->settle_event("evt_1", "first", EventState::kDone, 0, "").value());
  EXPECT_EQ(state("evt_1"), EventState::kTaken);
  EXPECT_TRUE(store_->settle_event("evt_1", "second", EventState::kDone, 0, "").value());
  EXPECT_FALSE(store_->settle_event("evt_1", "second", EventState::kDone, 0, "").value());
}

TEST_P(StoreSuite, only_what_is_over_is_replayed_and_starts_anew) {
  add({an_event("evt_1")});
  EXPECT_FALSE(store_->replay_event("evt_1", kStoreNow).value()) << "it waits";
  (void)take(1);
  EXPECT_FALSE(store_->replay_event("evt_1", kStoreNow).value()) << "it is taken";
  (void)store_->settle_event("evt_1", "lease", EventState::kDead, 0, "no");
  EXPECT_TRUE(store_->replay_event("evt_1", kStoreNow).value());
  const auto taken = take(1);
  ASSERT_THAT(ids(taken), ElementsAre("evt_1"));
  EXPECT_EQ(taken[0].attempts, 1);
  EXPECT_EQ(taken[0].last_error, "");
}

TEST_P(StoreSuite, events_of_one_gateway_can_be_taken_alone) {
  Event other = an_event("evt_2", "pay_2");
  other.gateway = "acme/second";
  add({an_event("evt_1"), other});
  EXPECT_THAT(ids(take(10, "lease", kStoreNow, "acme/second")), ElementsAre("evt_2"));
}

TEST_P(StoreSuite, the_inbox_is_listed_newest_first_and_filtered) {
  add({an_event("evt_1", "pay_1"), an_event("evt_2", "pay_2"), an_event("evt_3", "pay_1")});
  (void)take(1);
  EXPECT_THAT(ids(store_->list_inbox({}).value()), ElementsAre("evt_3", "evt_2", "evt_1"));
  EXPECT_THAT(ids(store_->list_inbox({.state = EventState::kTaken}).value()), ElementsAre("evt_1"));
  EXPECT_THAT(ids(store_->list_inbox({.payment_id = "pay_1"}).value()), ElementsAre("evt_3", "evt_1"));
  EXPECT_THAT(ids(store_->list_inbox({.before_id = "evt_3", .limit = 1}).value()), ElementsAre("evt_2"));
}

// Webhooks.

TEST_P(StoreSuite, a_webhook_is_claimed_once_in_its_gateway) {
  Webhook elsewhere = a_webhook("whk_3", "key");
  elsewhere.gateway = "acme/second";
  EXPECT_TRUE(store_->claim_webhook(a_webhook("whk_1", "key")).value());
  EXPECT_FALSE(store_->claim_webhook(a_webhook("whk_2", "key")).value());
  EXPECT_TRUE(store_->claim_webhook(elsewhere).value());
  EXPECT_TRUE(store_->has_webhook("acme/live", "key").value());
  EXPECT_FALSE(store_->has_webhook("acme/live", "other").value());
}

TEST_P(StoreSuite, unmatched_webhooks_meet_their_payment) {
  const auto unmatched = [&](const std::string& id, const std::string& provider_id, const std::string& reference) {
    Webhook webhook = a_webhook(id, id);
    webhook.provider_id = provider_id;
    webhook.reference = reference;
    webhook.state = WebhookState::kUnmatched;
    ASSERT_TRUE(store_->claim_webhook(webhook).value());
  };
  unmatched("whk_1", "p1", "");
  unmatched("whk_2", "p2", "order-1");
  unmatched("whk_3", "", "order-1");
  unmatched("whk_4", "", "");
  EXPECT_EQ(store_->match_webhooks("acme/live", "p1", "order-1", "pay_1").value(), 2);
  EXPECT_THAT(ids(store_->list_webhooks({.state = WebhookState::kUnmatched}).value()), ElementsAre("whk_4", "whk_2"));
  const auto done = store_->list_webhooks({.gateway = "acme/live", .state = WebhookState::kDone}).value();
  EXPECT_THAT(ids(done), ElementsAre("whk_3", "whk_1"));
  EXPECT_EQ(done[0].payment_id, "pay_1");
}

TEST_P(StoreSuite, only_unverified_unmatched_webhooks_are_trimmed) {
  for (int i = 1; i <= 5; ++i) {
    Webhook webhook = a_webhook("whk_" + std::to_string(i), std::to_string(i));
    webhook.state = WebhookState::kUnmatched;
    webhook.trust = i == 1 ? "signed" : "unverified";
    (void)store_->claim_webhook(webhook);
  }
  ASSERT_TRUE(store_->trim_unmatched("acme/live", 2).ok());
  EXPECT_THAT(ids(store_->list_webhooks({}).value()), ElementsAre("whk_5", "whk_4", "whk_1"));
  ASSERT_TRUE(store_->trim_unmatched("acme/live", 2).ok());
  EXPECT_EQ(store_->list_webhooks({}).value().size(), 3u);
}

TEST_P(StoreSuite, refusals_are_counted_by_reason) {
  (void)store_->count_refusals({.gateway = "b", .reason = "stale", .count = 1, .first_at = 5, .last_at = 5});
  (void)store_->count_refusals({.gateway = "a", .reason = "stale", .count = 2, .first_at = 1, .last_at = 1});
  (void)store_->count_refusals({.gateway = "a", .reason = "stale", .count = 3, .first_at = 9, .last_at = 9});
  const auto counted = store_->list_refusals().value();
  ASSERT_EQ(counted.size(), 2u);
  EXPECT_EQ(counted[0].gateway, "a");
  EXPECT_EQ(counted[0].count, 5);
  EXPECT_EQ(counted[0].first_at, 1);
  EXPECT_EQ(counted[0].last_at, 9);
}

// Upkeep.

TEST_P(StoreSuite, what_is_open_is_counted_by_gateway) {
  Payment unknown = a_payment("pay_9");
  unknown.outcome = Outcome::kUnknown;
  put({unknown, a_payment("pay_1")});
  (void)store_->claim_write(a_write("wrt_1", "1"));
  add({an_event("evt_1", "pay_1"), an_event("evt_2", "pay_2"), an_event("evt_3", "pay_3")});
  (void)take(1);
  Event elsewhere = an_event("evt_4", "pay_4");
  elsewhere.gateway = "acme/second";
  add({elsewhere});
  (void)take(1, "l", kStoreNow, "acme/second");
  (void)store_->settle_event("evt_4", "l", EventState::kDead, 0, "");
  Webhook unmatched = a_webhook("whk_1", "1");
  unmatched.state = WebhookState::kUnmatched;
  (void)store_->claim_webhook(unmatched);
  const auto counts = store_->counts().value();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].gateway, "acme/live");
  EXPECT_EQ(counts[0].payments_unknown, 1);
  EXPECT_EQ(counts[0].writes_unsettled, 1);
  EXPECT_EQ(counts[0].events_taken, 1);
  EXPECT_EQ(counts[0].events_waiting, 2);
  EXPECT_EQ(counts[0].events_dead, 0);
  EXPECT_EQ(counts[0].oldest_event_at, kStoreNow);
  EXPECT_EQ(counts[0].webhooks_unmatched, 1);
  EXPECT_EQ(counts[1].events_dead, 1);
  EXPECT_EQ(counts[1].oldest_event_at, 0);
}

TEST_P(StoreSuite, pruning_removes_what_is_over_and_nothing_that_waits) {
  const auto payment = [&](const std::string& id, PaymentStatus status) {
    Payment made = a_payment(id);
    made.status = status;
    made.updated_at = 5;
    return made;
  };
  Payment unknown = payment("pay_unknown", PaymentStatus::kPaid), young = payment("pay_young", PaymentStatus::kPaid);
  unknown.outcome = Outcome::kUnknown;
  young.updated_at = 10;
  put({payment("pay_old", PaymentStatus::kPaid), payment("pay_open", PaymentStatus::kPending), unknown, young,
       payment("pay_event", PaymentStatus::kFailed), payment("pay_write", PaymentStatus::kExpired)});
  Event done = an_event("evt_done", "pay_old");
  done.at = 5;
  add({done, an_event("evt_waiting", "pay_event")});
  (void)store_->take_events({.now_ms = 1, .lease_until = 2, .lease = "l", .limit = 1});
  (void)store_->settle_event("evt_done", "l", EventState::kDone, 0, "");
  Write unsettled = a_write("wrt_1", "1");
  unsettled.payment_id = "pay_write";
  (void)store_->claim_write(unsettled);

  const auto pruned = store_->prune({.payments_before = 10, .events_before = 10}, 100).value();
  EXPECT_EQ(pruned.payments, 1);
  EXPECT_EQ(pruned.events, 1);
  EXPECT_EQ(pruned.writes, 0);
  EXPECT_THAT(ids(store_->list_payments({}).value()),
              ElementsAre("pay_young", "pay_write", "pay_unknown", "pay_open", "pay_event"));
}

TEST_P(StoreSuite, a_writes_age_counts_from_its_outcome) {
  (void)store_->claim_write(a_write("wrt_1", "1"));
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kUnknown, "", kStoreNow + 1'000).ok());
  ASSERT_TRUE(store_->settle_write("wrt_1", WriteState::kDone, "{}", kStoreNow + 2'000).ok());
  EXPECT_EQ(store_->list_writes({}).value().at(0).settled_at, kStoreNow + 2'000);
  EXPECT_EQ(store_->prunable({.writes_before = kStoreNow + 2'000}).value().writes, 0);
  EXPECT_EQ(store_->prune({.writes_before = kStoreNow + 2'000}, 10).value().writes, 0);
  EXPECT_EQ(store_->prune({.writes_before = kStoreNow + 2'001}, 10).value().writes, 1);
}

TEST_P(StoreSuite, a_write_that_an_older_till_settled_counts_from_its_beginning) {
  Write settled = a_write("wrt_1", "1");
  settled.state = WriteState::kDone;
  (void)store_->claim_write(settled);
  EXPECT_EQ(store_->prune({.writes_before = kStoreNow}, 10).value().writes, 0);
  EXPECT_EQ(store_->prune({.writes_before = kStoreNow + 1}, 10).value().writes, 1);
}

TEST_P(StoreSuite, pruning_goes_by_steps_and_frees_keys) {
  for (const char* id : {"1", "2", "3"}) {
    (void)store_->claim_write(a_write(std::string("wrt_") + id, id));
    (void)store_->settle_write(std::string("wrt_") + id, WriteState::kDone, "{}", kStoreNow);
    (void)store_->claim_webhook(a_webhook(std::string("whk_") + id, id));
  }
  const Retention all{.writes_before = kStoreNow + 1, .webhooks_before = kStoreNow + 1};
  auto pruned = store_->prune(all, 2).value();
  EXPECT_EQ(pruned.writes, 2);
  EXPECT_EQ(pruned.webhooks, 2);
  pruned = store_->prune(all, 2).value();
  EXPECT_EQ(pruned.writes, 1);
  EXPECT_EQ(pruned.webhooks, 1);
  EXPECT_FALSE(store_->claim_write(a_write("wrt_4", "1")).value().has_value());
  EXPECT_EQ(store_->prune({}, 2).value().writes, 0) << "0 keeps for ever";
}

// Several workers. Each has its own connection, as each process has.

class StoreRace : public StoreTest {
 protected:
  static constexpr int kWorkers = 4;

  // Runs `work` in a process for each worker, at once, with its queue and number.
  template <class Work>
  void in_processes(Work work) const {
    open().reset();
    std::vector<pid_t> children;
    for (int worker = 0; worker < kWorkers; ++worker) {
      const pid_t child = fork();
      if (child == 0) {
        StoreQueue queue(open_store(place_).value());
        _exit(work(queue, worker) ? 0 : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 0;
      waitpid(child, &status, 0);
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Each, StoreRace, testing::Values("sqlite", "postgres"), name_of_store);

TEST_P(StoreRace, a_new_store_may_be_opened_by_many_at_once) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([this, i] {
      auto store = open();
      EXPECT_TRUE(store->put_payment(a_payment("pay_" + std::to_string(i))).ok());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(open()->list_payments({}).value().size(), 8u);
}

TEST_P(StoreRace, what_was_found_stays_until_the_end_of_the_transaction) {
  constexpr int kRounds = 50;
  ASSERT_TRUE(open()->put_payment(a_payment("pay_1", "p1")).ok());
  in_processes([](StoreQueue& queue, int worker) {
    for (int round = 0; round < kRounds; ++round) {
      const Status added = queue.run([&](Store& store) -> Status {
        TILL_ASSIGN(auto payment,
                    worker % 2 ? store.find_payment("pay_1") : store.find_payment_by_provider_id("acme/live", "p1"));
        ++payment->looks;
        return store.put_payment(*payment);
      });
      if (!added.ok()) return false;
    }
    return true;
  });
  EXPECT_EQ(open()->find_payment("pay_1").value()->looks, kWorkers * kRounds);
}

TEST_P(StoreRace, each_of_500_webhooks_takes_effect_once_though_all_workers_get_all) {
  constexpr int kWebhooks = 500;
  in_processes([](StoreQueue& queue, int worker) {
    std::atomic<int> failed = 0;
    std::latch left(kWebhooks);
    for (int i = 0; i < kWebhooks; ++i) {
      // Each in an order of its own, so that they meet.
      const int which = (i * (2 * worker + 1) * 7 + worker * 100) % kWebhooks;
      queue.submit(
          [which, worker](Store& store) -> Status {
            const std::string key = std::to_string(which);
            TILL_ASSIGN(const bool first,
                        store.claim_webhook(a_webhook("whk_" + key + "_" + std::to_string(worker), key)));
            if (!first) return {};
            return store.count_refusals({.gateway = "g", .reason = "effect", .count = 1});
          },
          [&failed, &left](const Status& status) {
            failed += status.ok() ? 0 : 1;
            left.count_down();
          });
    }
    left.wait();
    return failed == 0;
  });
  EXPECT_EQ(open()->list_refusals().value().at(0).count, kWebhooks);
}

TEST_P(StoreRace, what_is_begun_with_an_old_payment_is_not_pruned_nor_is_the_payment) {
  constexpr int kPayments = 200;
  {
    const auto store = open();
    ASSERT_TRUE(store->begin().ok());
    for (int i = 0; i < kPayments; ++i) {
      Payment old = a_payment("pay_" + std::to_string(i));
      old.status = PaymentStatus::kPaid;
      ASSERT_TRUE(store->put_payment(old).ok());
    }
    ASSERT_TRUE(store->commit().ok());
  }
  in_processes([](StoreQueue& queue, int worker) {
    for (int i = kPayments; i-- > 0;) {
      const Status status = queue.run([&](Store& store) -> Status {
        if (worker == 0) {
          TILL_TRY(store.prune({.payments_before = kStoreNow + 1}, 7));
          return {};
        }
        Write refund = a_write("wrt_" + std::to_string(i), std::to_string(i));
        refund.payment_id = "pay_" + std::to_string(i);
        TILL_ASSIGN(const auto payment, store.find_payment(refund.payment_id));
        if (!payment) return {};
        TILL_ASSIGN(const auto earlier, store.claim_write(refund));
        if (earlier) return {};
        return store.count_refusals({.gateway = "g", .reason = std::to_string(i), .count = 1});
      });
      if (!status.ok()) return false;
    }
    return true;
  });
  const auto writes = open()->list_writes({.limit = 1'000}).value();
  EXPECT_EQ(writes.size(), open()->list_refusals().value().size()) << "as many as were begun";
  for (const Write& write : writes) EXPECT_TRUE(open()->find_payment(write.payment_id).value()) << write.payment_id;
}

TEST_P(StoreRace, one_of_all_that_claim_a_key_has_it) {
  constexpr int kKeys = 100;
  in_processes([](StoreQueue& queue, int worker) {
    for (int i = 0; i < kKeys; ++i) {
      const Status claimed = queue.run([&](Store& store) -> Status {
        const std::string key = std::to_string(i);
        const std::string id = "wrt_" + key + "_" + std::to_string(worker);
        TILL_ASSIGN(const auto earlier, store.claim_write(a_write(id, key)));
        // Now and then one that was not sent frees its key for another.
        if (!earlier && i % 3 == worker) return store.forget_write(id);
        if (earlier) return {};
        return store.count_refusals({.gateway = "g", .reason = key, .count = 1});
      });
      if (!claimed.ok()) return false;
    }
    return true;
  });
  const auto writes = open()->list_writes({.limit = 1'000}).value();
  const auto counted = open()->list_refusals().value();
  EXPECT_EQ(writes.size(), static_cast<std::size_t>(kKeys));
  EXPECT_EQ(counted.size(), static_cast<std::size_t>(kKeys));
  for (const Refusals& one : counted) EXPECT_EQ(one.count, 1) << one.reason;
}

TEST_P(StoreRace, each_event_is_taken_once_and_in_the_order_of_its_payment) {
  constexpr int kPayments = 20, kEach = 10;
  {
    const auto store = open();
    ASSERT_TRUE(store->begin().ok());
    for (int n = 0; n < kEach; ++n)
      for (int p = 0; p < kPayments; ++p)
        ASSERT_TRUE(
            store->add_event(an_event("evt_" + std::to_string(n) + "_" + std::to_string(p), "pay_" + std::to_string(p)))
                .ok());
    ASSERT_TRUE(store->commit().ok());
  }
  in_processes([](StoreQueue& queue, int worker) {
    const std::string lease = std::to_string(worker);
    for (int idle = 0; idle < 50;) {
      std::vector<InboxEvent> taken;
      const Status status = queue.run([&](Store& store) -> Status {
        TILL_ASSIGN(
            taken,
            store.take_events({.now_ms = kStoreNow, .lease_until = kStoreNow + 1'000'000, .lease = lease, .limit = 3}));
        return {};
      });
      if (!status.ok()) return false;
      idle = taken.empty() ? idle + 1 : 0;
      for (const InboxEvent& one : taken) {
        const Status settled = queue.run([&](Store& store) -> Status {
          TILL_ASSIGN(const bool mine, store.settle_event(one.event.id, lease, EventState::kDone, 0, ""));
          if (!mine) return internal_error("taken by two");
          // The handler's effect: the payment counts its events, and each must be the next one.
          TILL_ASSIGN(auto payment, store.find_payment(one.event.payment_id));
          if (!payment) payment = a_payment(one.event.payment_id);
          if (!one.event.id.starts_with("evt_" + std::to_string(payment->looks) + "_"))
            return internal_error("out of order");
          ++payment->looks;
          return store.put_payment(*payment);
        });
        if (!settled.ok()) return false;
      }
    }
    return true;
  });
  const auto payments = open()->list_payments({.limit = 100}).value();
  ASSERT_EQ(payments.size(), static_cast<std::size_t>(kPayments));
  for (const Payment& payment : payments) EXPECT_EQ(payment.looks, kEach) << payment.id;
}

TEST_P(StoreRace, a_webhook_before_its_payment_is_never_left_alone) {
  constexpr int kRounds = 60;
  in_processes([](StoreQueue& queue, int worker) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string n = std::to_string(round);
      const bool by_reference = round % 2 == 1;
      const Status status = queue.run([&](Store& store) -> Status {
        if (worker % 2 == 0) {
          if (worker == 2) return {};
          TILL_TRY(store.put_payment(a_payment(n, "p" + n)));
          TILL_TRY(store.match_webhooks("acme/live", "p" + n, "order-" + n, n));
          return {};
        }
        Webhook webhook = a_webhook("whk_" + n + "_" + std::to_string(worker), n + "_" + std::to_string(worker));
        (by_reference ? webhook.reference : webhook.provider_id) = by_reference ? "order-" + n : "p" + n;
        bool known = false;
        if (by_reference) {
          TILL_ASSIGN(const auto found, store.list_payments({.gateway = "acme/live", .reference = webhook.reference}));
          known = !found.empty();
        } else {
          TILL_ASSIGN(const auto found, store.find_payment_by_provider_id("acme/live", webhook.provider_id));
          known = found.has_value();
        }
        if (!known) webhook.state = WebhookState::kUnmatched;
        TILL_TRY(store.claim_webhook(webhook));
        return {};
      });
      if (!status.ok()) return false;
    }
    return true;
  });
  EXPECT_EQ(open()->list_webhooks({.limit = 1'000}).value().size(), 2u * kRounds);
  EXPECT_THAT(ids(open()->list_webhooks({.state = WebhookState::kUnmatched}).value()), IsEmpty());
}

// A child must not speak on its parent's connection, nor end it.
TEST_P(StoreRace, parent_and_child_go_on_after_fork) {
  StoreQueue queue(open(), open());
  const auto put = [&](const std::string& id) {
    return queue.run([&](Store& store) { return store.put_payment(a_payment(id)); });
  };
  ASSERT_TRUE(put("pay_1").ok());
  ASSERT_TRUE(
      queue.read([](Store& store) -> Status { return store.counts().ok() ? Status() : internal_error("?"); }).ok());
  const pid_t child = fork();
  if (child == 0) {
    StoreQueue own(open_store(place_).value());
    _exit(own.run([](Store& store) { return store.put_payment(a_payment("pay_child")); }).ok() ? 0 : 1);
  }
  EXPECT_TRUE(put("pay_2").ok());
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(put("pay_3").ok());
  EXPECT_EQ(open()->list_payments({}).value().size(), 4u);
}

}  // namespace
}  // namespace till
