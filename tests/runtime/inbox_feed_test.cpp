// The feed: events as they come, for whoever waits.
#include "core/runtime/inbox_feed.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/id.h"
#include "core/json/written.h"
#include "core/runtime/engine.h"
#include "core/runtime/inbox.h"
#include "tests/runtime/fixture.h"

namespace till {
namespace {

// The feed looks again by itself only after this: what comes sooner came by the bell.
constexpr const char* kRarely = R"({"poll_ms":3600000})";
constexpr const char* kOften = R"({"poll_ms":10})";
constexpr std::int64_t kLongMs = 30'000;

class InboxFeedTest : public AcmeTest {
 protected:
  std::shared_ptr<InboxFeed> open(const char* options = kRarely) { return InboxFeed::open(shop_, options).value(); }
  Event event(std::string_view payment_id, std::string_view gateway = "acme/live") {
    return {.id = new_id("evt_", *clock_),
            .gateway = std::string(gateway),
            .payment_id = std::string(payment_id),
            .type = "payment.paid",
            .source = "poll",
            .at = clock_->now_ms(),
            .detail = "{}"};
  }
  std::string happen(std::string_view payment_id, std::string_view gateway = "acme/live") {
    const Event one = event(payment_id, gateway);
    EXPECT_TRUE(runtime_->engine().value()->store().run([&](Store& store) { return store.add_event(one); }).ok());
    return one.id;
  }
  // The store does nothing more until the promise is kept.
  std::promise<void> hold_store() {
    std::promise<void> go;
    runtime_->engine().value()->store().submit(
        [held = go.get_future().share()](Store&) {
          held.wait();
          return Status();
        },
        [](const Status&) {});
    return go;
  }
  static std::string id_of(const Result<std::string>& given) {
    if (!given.ok()) return given.error().code;
    const json::Value parsed = json::parse(*given).value();
    return parsed.is_null() ? "(none)" : std::string(*parsed.find_string("id"));
  }
  void end(const Result<std::string>& given, const char* how = "events.done") {
    const json::Value parsed = json::parse(*given).value();
    EXPECT_TRUE(
        shop_->call(how, json::write(json::Object{{"id", *parsed.find("id")}, {"lease", *parsed.find("lease")}})).ok());
  }
  json::Value get(const std::string& id) {
    return json::parse(shop_->call("events.get", json::write(json::Object{{"id", id}})).value()).value();
  }
};

TEST_F(InboxFeedTest, gives_what_waits_already) {
  const std::string id = happen("pay_1");
  const auto feed = open();
  const auto given = feed->next(kLongMs);
  EXPECT_EQ(id_of(given), id);
  EXPECT_EQ(get(id).find_string("state"), "taken");
}

TEST_F(InboxFeedTest, gives_an_event_whose_payment_is_as_deep_as_the_store_may_hold) {
  json::Value raw = "told";
  for (int depth = 0; depth < 63; ++depth) raw = json::Array{std::move(raw)};
  Payment payment;
  payment.id = "pay_1";
  payment.gateway = "acme/live";
  payment.raw = raw;
  ASSERT_TRUE(store()->put_payment(payment).ok());
  happen("pay_1");
  const auto given = open()->next(kLongMs);
  ASSERT_TRUE(given.ok()) << given.error().message;
  EXPECT_EQ(*json::parse_written(*given)->find("payment")->find("raw"), raw);
}

TEST_F(InboxFeedTest, gives_what_this_process_commits_at_once) {
  const auto feed = open();
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  const std::string id = happen("pay_1");
  EXPECT_EQ(id_of(waiting.get()), id);
}

TEST_F(InboxFeedTest, gives_the_next_event_of_a_payment_as_soon_as_the_first_is_done) {
  const std::string first = happen("pay_1"), second = happen("pay_1");
  const auto feed = open();
  const auto given = feed->next(kLongMs);
  EXPECT_EQ(id_of(given), first);
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  end(given);
  EXPECT_EQ(id_of(waiting.get()), second);
}

TEST_F(InboxFeedTest, gives_what_is_replayed_or_given_back_at_once) {
  const std::string id = happen("pay_1");
  const auto feed = open();
  auto given = feed->next(kLongMs);
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  end(given, "events.release");
  given = waiting.get();
  EXPECT_EQ(id_of(given), id);
  end(given);
  waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  ASSERT_TRUE(shop_->call("events.replay", json::write(json::Object{{"id", id}})).ok());
  EXPECT_EQ(id_of(waiting.get()), id);
}

TEST_F(InboxFeedTest, finds_what_other_processes_commit_when_it_looks_again) {
  const auto feed = open(kOften);
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  const Event one = event("pay_1");
  ASSERT_TRUE(store()->add_event(one).ok());
  EXPECT_EQ(id_of(waiting.get()), one.id);
}

TEST_F(InboxFeedTest, takes_nothing_that_nobody_waits_for) {
  const auto feed = open();
  EXPECT_EQ(id_of(feed->next(0)), "(none)");
  const std::string id = happen("pay_1");
  ASSERT_TRUE(runtime_->engine().value()->store().run([](Store&) { return Status(); }).ok()) << "the bell has rung";
  EXPECT_EQ(get(id).find_integer("attempts"), 0);
}

TEST_F(InboxFeedTest, gives_each_of_those_who_wait_an_event_of_its_own) {
  const auto feed = open();
  std::vector<std::future<Result<std::string>>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(std::async(std::launch::async, [&] { return feed->next(kLongMs); }));
  std::vector<std::string> expected, seen;
  for (int i = 0; i < 8; ++i) expected.push_back(happen("pay_" + std::to_string(i)));
  for (auto& one : waiting) seen.push_back(id_of(one.get()));
  EXPECT_THAT(seen, testing::UnorderedElementsAreArray(expected));
}

TEST_F(InboxFeedTest, calls_back_and_may_be_asked_again_from_there) {
  std::vector<std::string> expected{happen("pay_1"), happen("pay_2")};
  const auto feed = open();
  std::promise<std::vector<std::string>> promise;
  std::vector<std::string> seen;
  InboxFeed::Callback take_next = [&](Result<std::string> given) {
    seen.push_back(id_of(given));
    if (seen.size() < 2)
      feed->next(take_next);
    else
      promise.set_value(seen);
  };
  feed->next(take_next);
  EXPECT_EQ(promise.get_future().get(), expected);
}

TEST_F(InboxFeedTest, tells_whoever_waits_when_it_is_closed) {
  const auto feed = open();
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  feed->close();
  EXPECT_EQ(id_of(waiting.get()), "(none)");
  happen("pay_1");
  EXPECT_EQ(id_of(feed->next(kLongMs)), "(none)");
}

TEST_F(InboxFeedTest, gives_back_what_came_for_somebody_who_has_left) {
  const std::string id = happen("pay_1");
  auto go = hold_store();
  auto feed = open();
  EXPECT_EQ(id_of(feed->next(0)), "(none)");
  go.set_value();
  EXPECT_EQ(id_of(feed->next(kLongMs)), id);
  EXPECT_EQ(get(id).find_integer("attempts"), 1);

  const std::string other = happen("pay_2");
  auto go_on = hold_store();
  EXPECT_EQ(id_of(feed->next(0)), "(none)");
  feed.reset();
  go_on.set_value();
  feed = open();
  EXPECT_EQ(id_of(feed->next(kLongMs)), other) << "a feed that went keeps nothing";
  EXPECT_EQ(get(other).find_integer("attempts"), 1);
}

TEST_F(InboxFeedTest, gives_the_events_of_all_gateways_when_it_is_the_runtimes) {
  const std::string ours = happen("pay_1");
  const auto feed = InboxFeed::open(runtime_, kRarely).value();
  EXPECT_EQ(id_of(feed->next(kLongMs)), ours);
  auto waiting = std::async(std::launch::async, [&] { return feed->next(kLongMs); });
  const std::string theirs = happen("pay_2", "acme/other");
  EXPECT_EQ(id_of(waiting.get()), theirs);
}

TEST_F(InboxFeedTest, says_when_all_is_given_back_after_it_was_closed) {
  const std::string id = happen("pay_1");
  auto go = hold_store();
  const auto feed = open();
  std::string given;
  feed->next([&](const Result<std::string>& what) { given = id_of(what); });
  std::promise<void> back;
  auto is_back = back.get_future();
  feed->close_then([&] { back.set_value(); });
  EXPECT_EQ(given, "(none)");
  EXPECT_EQ(is_back.wait_for(std::chrono::seconds(0)), std::future_status::timeout) << "the take is under way";
  go.set_value();
  is_back.get();
  EXPECT_EQ(get(id).find_string("state"), "waiting");
  EXPECT_EQ(get(id).find_integer("attempts"), 0);

  std::promise<void> again;
  feed->close_then([&] { again.set_value(); });
  again.get_future().get();  // at once
}

TEST_F(InboxFeedTest, refuses_wrong_options_with_their_place) {
  for (const auto& [options, field] :
       std::vector<std::pair<const char*, const char*>>{{R"({"poll_ms":9})", "$.poll_ms"},
                                                        {R"({"poll_ms":3600001})", "$.poll_ms"},
                                                        {R"({"lease_ms":999})", "$.lease_ms"},
                                                        {R"({"lease_ms":3600001})", "$.lease_ms"},
                                                        {R"({"batch":1})", "$.batch"}}) {
    const auto feed = InboxFeed::open(shop_, options);
    ASSERT_FALSE(feed.ok()) << options;
    EXPECT_EQ(feed.error().kind, ErrorKind::kInvalidRequest) << options;
    EXPECT_EQ(feed.error().field, field);
  }
}

TEST_F(InboxFeedTest, belongs_to_the_process_that_opened_it) {
  const auto feed = open();
  happen("pay_1");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto given = feed->next(0);
    feed->close();
    ::_exit(!given.ok() && given.error().code == "inherited_inbox" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_NE(id_of(feed->next(kLongMs)), "(none)");
}

}  // namespace
}  // namespace till
