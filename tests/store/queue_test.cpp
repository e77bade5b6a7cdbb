// Many threads, one store: each change is whole, and nothing is answered before it is durable.
#include "core/store/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>
#include <vector>

namespace till {
namespace {

StoreQueue::Task put(const std::string& id) {
  return [id](Store& store) {
    Payment payment;
    payment.id = id;
    payment.gateway = "g";
    return store.put_payment(payment);
  };
}

std::size_t count_payments(StoreQueue& queue) {
  std::size_t count = 0;
  (void)queue.read([&](Store& store) -> Status {
    TILL_ASSIGN(const auto payments, store.list_payments({.gateway = "g", .limit = 100'000}));
    count = payments.size();
    return {};
  });
  return count;
}

TEST(StoreQueueTest, a_failing_task_takes_back_its_own_changes_only) {
  StoreQueue queue(open_sqlite_store("memory").value());
  std::atomic<int> failures = 0;
  for (int i = 0; i < 20; ++i)
    queue.submit(
        [i](Store& store) -> Status {
          TILL_TRY(put("pay_" + std::to_string(i))(store));
          if (i % 2) return internal_error("no");
          return {};
        },
        [&](Status status) { failures += status.ok() ? 0 : 1; });
  ASSERT_TRUE(queue.run(put("pay_last")).ok());
  EXPECT_EQ(failures, 10);
  EXPECT_EQ(count_payments(queue), 11u);
}

TEST(StoreQueueTest, a_lone_task_that_fails_changes_nothing) {
  StoreQueue queue(open_sqlite_store("memory").value());
  const Status status = queue.run([](Store& store) -> Status {
    TILL_TRY(put("pay_1")(store));
    return internal_error("no");
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message, "no");
  EXPECT_EQ(count_payments(queue), 0u);
}

TEST(StoreQueueTest, eight_threads_lose_nothing) {
  StoreQueue queue(open_sqlite_store("memory").value());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&queue, t] {
      for (int i = 0; i < 100; ++i) ASSERT_TRUE(queue.run(put(std::to_string(t) + "-" + std::to_string(i))).ok());
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count_payments(queue), 800u);
}

TEST(StoreQueueTest, a_read_waits_for_no_change_that_is_under_way) {
  char folder[] = "/tmp/till-queue-XXXXXX";
  const std::string place = std::string(mkdtemp(folder)) + "/till.sqlite3";
  {
    auto store = open_sqlite_store(place).value();
    StoreQueue queue(std::move(store), open_sqlite_store(place).value());
    std::promise<void> reading;
    std::promise<void> inside;
    queue.submit(
        [&](Store& writer) {
          inside.set_value();
          reading.get_future().wait();
          return put("pay_1")(writer);
        },
        [](const Status&) {});
    inside.get_future().wait();
    EXPECT_EQ(count_payments(queue), 0u) << "what is not committed is not seen";
    reading.set_value();
    ASSERT_TRUE(queue.run(put("pay_2")).ok());
    EXPECT_EQ(count_payments(queue), 2u);
  }
  std::filesystem::remove_all(folder);
}

TEST(StoreQueueTest, closing_finishes_what_was_waiting) {
  std::atomic<int> done = 0;
  {
    StoreQueue queue(open_sqlite_store("memory").value());
    for (int i = 0; i < 1000; ++i)
      queue.submit(put(std::to_string(i)), [&](Status status) { done += status.ok() ? 1 : 0; });
  }
  EXPECT_EQ(done, 1000);
}

}  // namespace
}  // namespace till
