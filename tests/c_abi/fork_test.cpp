// The C surface after fork(): handles of the parent work in the child, and go on working in the parent.

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>
#include <vector>

#include "tests/c_abi/fixture.h"

namespace till::test {
namespace {

int exit_status_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(CAbi, child_of_a_process_that_used_the_runtime_uses_it_too) {
  const auto shop = gateway();
  ASSERT_EQ(call(shop.get(), "payments.create", kPayment).status, TILL_OK);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool good = call(shop.get(), "payments.create", kPayment).status == TILL_OK;
    std::_Exit(good ? 0 : 1);
  }
  EXPECT_EQ(call(shop.get(), "payments.create", kPayment).status, TILL_OK);
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_EQ(server_.created(), 3u);
}

TEST_F(CAbi, child_may_free_what_it_inherited) {
  auto shop = gateway();
  ASSERT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
  const pid_t child = ::fork();
  if (child == 0) {
    shop.reset();
    runtime_.reset();
    std::_Exit(0);
  }
  EXPECT_EQ(exit_status_of(child), 0);
  EXPECT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
}

TEST_F(CAbi, grandchild_works_too) {
  const auto shop = gateway();
  ASSERT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
  const pid_t child = ::fork();
  if (child == 0) {
    bool good = call(shop.get(), "check", "{}").status == TILL_OK;
    const pid_t grandchild = ::fork();
    if (grandchild == 0) std::_Exit(call(shop.get(), "check", "{}").status == TILL_OK ? 0 : 1);
    good = exit_status_of(grandchild) == 0 && good;
    std::_Exit(good ? 0 : 1);
  }
  EXPECT_EQ(exit_status_of(child), 0);
}

// The parent's other threads are inside the runtime, holding whatever they hold, while it forks.
TEST_F(CAbi, fork_while_other_threads_pay_leaves_the_child_usable) {
  const auto shop = gateway();
  std::atomic<bool> stop{false};
  std::vector<std::thread> payers;
  for (int i = 0; i < 2; ++i) {
    payers.emplace_back([&] {
      while (!stop) EXPECT_EQ(call(shop.get(), "check", "{}").status, TILL_OK);
    });
  }
  for (int round = 0; round < 10; ++round) {
    const pid_t child = ::fork();
    if (child == 0) std::_Exit(call(shop.get(), "check", "{}").status == TILL_OK ? 0 : 1);
    EXPECT_EQ(exit_status_of(child), 0);
  }
  stop = true;
  for (auto& payer : payers) payer.join();
}

}  // namespace
}  // namespace till::test
