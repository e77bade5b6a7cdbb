// What a Worker takes, in which order, and what it refuses.
#include "core/base/worker.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>
#include <vector>

namespace till {
namespace {

TEST(Worker, runs_its_tasks_in_turn_and_survives_what_they_throw) {
  Worker worker;
  std::vector<int> ran;
  std::promise<void> last;
  EXPECT_TRUE(worker.submit([&] { ran.push_back(1); }));
  EXPECT_TRUE(worker.submit([] { throw std::runtime_error("no"); }));
  EXPECT_TRUE(worker.submit([&] { ran.push_back(2); }));
  EXPECT_TRUE(worker.submit([&] { last.set_value(); }));
  last.get_future().wait();
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(Worker, refuses_more_than_may_wait) {
  std::promise<void> inside, go, ran;
  Worker worker(1);
  EXPECT_TRUE(worker.submit([&] {
    inside.set_value();
    go.get_future().wait();
  }));
  inside.get_future().wait();
  EXPECT_TRUE(worker.submit([&] { ran.set_value(); }));
  EXPECT_FALSE(worker.submit([] {}));
  go.set_value();
  ran.get_future().wait();
  EXPECT_TRUE(worker.submit([] {}));
}

}  // namespace
}  // namespace till
