// The C surface: events given to a handler, and taken by calls.

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

// What a handler was given, and what it answers.
struct Shop {
  std::mutex mutex{};
  std::condition_variable changed{};
  std::vector<std::string> seen{};
  std::function<till_status(const std::string&)> answer = [](const std::string&) { return TILL_OK; };

  static till_status handle(void* context, const till_reply* event) {
    auto& shop = *static_cast<Shop*>(context);
    const std::string json = till_reply_json(event, nullptr);
    {
      const std::lock_guard lock(shop.mutex);
      shop.seen.push_back(json);
    }
    shop.changed.notify_all();
    return shop.answer(json);
  }
  std::string wait(std::size_t count) {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return seen.size() >= count; }));
    return seen.size() < count ? std::string() : seen[count - 1];
  }
};

class CAbiInbox : public CAbi {
 protected:
  Owned<till_inbox> open(till_gateway* gateway, const char* options = nullptr) {
    till_inbox* inbox = nullptr;
    till_error* error = nullptr;
    EXPECT_EQ(till_inbox_open(gateway, options, &Shop::handle, &shop_, &inbox, &error), TILL_OK)
        << till_error_message(error);
    till_error_free(error);
    return Owned<till_inbox>(inbox);
  }
  static void pay(till_gateway* gateway) {
    const auto made = call(gateway, "payments.create", kPayment);
    ASSERT_EQ(made.status, TILL_OK) << made.json;
  }
  static std::string text(const std::string& json, const std::string& key) {
    const std::string begin = "\"" + key + "\":\"";
    const auto at = json.find(begin);
    if (at == std::string::npos) return "(none)";
    return json.substr(at + begin.size(), json.find('"', at + begin.size()) - at - begin.size());
  }

  Shop shop_;  // outlives the inbox of each test
};

TEST_F(CAbiInbox, gives_what_happens_and_it_is_done) {
  const auto account = gateway();
  auto inbox = open(account.get(), R"({"poll_ms": 3600000})");
  pay(account.get());
  const std::string event = shop_.wait(1);
  EXPECT_TRUE(has(event, R"("type":"payment.created")"));
  EXPECT_TRUE(has(event, R"("provider_id":"t1")")) << "with its payment";
  inbox.reset();
  const auto listed = call(account.get(), "events.list", R"({"state": "done"})");
  EXPECT_TRUE(has(listed.json, text(event, "id"))) << "the end was waited for";
}

TEST_F(CAbiInbox, fails_what_the_handler_refuses) {
  const auto account = gateway();
  shop_.answer = [](const std::string&) { return TILL_CONFLICT; };
  auto inbox = open(account.get());
  pay(account.get());
  shop_.wait(1);
  inbox.reset();
  const auto listed = call(account.get(), "events.list", "{}");
  EXPECT_TRUE(has(listed.json, R"("state":"waiting")"));
  EXPECT_TRUE(has(listed.json, R"json("last_error":"the handler returned Conflict (8)")json"));
}

TEST_F(CAbiInbox, a_handler_may_call_and_end_the_event_itself) {
  const auto account = gateway();
  shop_.answer = [&](const std::string& event) {
    const auto failed = call(account.get(), "events.fail",
                             R"({"id":")" + text(event, "id") + R"(","lease":")" + text(event, "lease") +
                                 R"(","message":"no such order","retry_after_ms":86400000})");
    EXPECT_EQ(failed.status, TILL_OK) << failed.json;
    return TILL_INTERNAL;
  };
  auto inbox = open(account.get());
  pay(account.get());
  shop_.wait(1);
  inbox.reset();
  EXPECT_TRUE(has(call(account.get(), "events.list", "{}").json, R"("last_error":"no such order")"));
}

TEST_F(CAbiInbox, free_waits_for_the_handler_under_way) {
  const auto account = gateway();
  bool returned = false;
  shop_.answer = [&](const std::string&) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    returned = true;
    return TILL_OK;
  };
  auto inbox = open(account.get());
  pay(account.get());
  shop_.wait(1);
  inbox.reset();
  EXPECT_TRUE(returned);
}

TEST_F(CAbiInbox, may_be_freed_by_its_own_handler) {
  const auto account = gateway();
  Owned<till_inbox> inbox;
  std::mutex opened;
  std::unique_lock opening(opened);
  shop_.answer = [&](const std::string&) {
    const std::lock_guard lock(opened);
    inbox.reset();
    return TILL_OK;
  };
  inbox = open(account.get());
  opening.unlock();
  pay(account.get());
  shop_.wait(1);
  while (!has(call(account.get(), "events.list", R"({"state": "done"})").json, "payment.created"))
    std::this_thread::yield();
  pay(account.get());
  EXPECT_EQ(shop_.seen.size(), 1u);
}

TEST_F(CAbiInbox, keeps_its_gateway_and_its_runtime) {
  auto account = gateway();
  const auto inbox = open(account.get());
  pay(account.get());
  account.reset();
  runtime_.reset();
  EXPECT_TRUE(has(shop_.wait(1), "payment.created"));
}

TEST_F(CAbiInbox, stays_with_the_parent_after_a_fork) {
  const auto account = gateway();
  auto inbox = open(account.get());
  const pid_t child = ::fork();
  if (child == 0) {
    till_inbox_free(inbox.release());
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  pay(account.get());
  EXPECT_TRUE(has(shop_.wait(1), "payment.created"));
}

TEST_F(CAbiInbox, events_are_taken_by_calls) {
  const auto account = gateway();
  pay(account.get());
  const auto taken = call(account.get(), "events.take", R"({"limit": 1})");
  ASSERT_EQ(taken.status, TILL_OK) << taken.json;
  const std::string held = R"({"id":")" + text(taken.json, "id") + R"(","lease":")" + text(taken.json, "lease") + "\"}";
  EXPECT_EQ(call(account.get(), "events.done", held).status, TILL_OK);
  const auto again = call(account.get(), "events.done", held);
  EXPECT_EQ(again.status, TILL_CONFLICT);
  EXPECT_TRUE(has(again.json, R"("code":"lease_lost")"));
}

TEST_F(CAbiInbox, wrong_arguments_are_refused) {
  const auto account = gateway();
  till_inbox* inbox = nullptr;
  till_error* error = nullptr;
  EXPECT_EQ(till_inbox_open(nullptr, nullptr, &Shop::handle, nullptr, &inbox, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_inbox_open(account.get(), nullptr, nullptr, nullptr, &inbox, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_inbox_open(account.get(), nullptr, &Shop::handle, nullptr, nullptr, nullptr), TILL_INVALID_REQUEST);
  EXPECT_EQ(till_inbox_open(account.get(), R"({"poll_ms": 0})", &Shop::handle, nullptr, &inbox, &error),
            TILL_INVALID_REQUEST);
  const Owned<till_error> owned(error);
  EXPECT_TRUE(has(till_error_json(error, nullptr), R"("field":"$.poll_ms")"));
  EXPECT_EQ(inbox, nullptr);
  till_inbox_free(nullptr);
}

}  // namespace
}  // namespace till::test
