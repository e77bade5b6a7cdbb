// Ids: their form, their order, and that a forked child never repeats its parent.
#include "core/base/id.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <set>
#include <thread>
#include <vector>

namespace till {
namespace {

constexpr UnixMillis kFarFuture = 4'102'444'800'000;  // 2100-01-01: later than any id of another clock in this program

std::uint64_t time_of(std::string_view id) {
  constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  __extension__ unsigned __int128 value = 0;
  for (const char c : id.substr(id.size() - 26)) value = value << 5 | kAlphabet.find(c);
  return static_cast<std::uint64_t>(value >> 80);
}

TEST(Id, is_the_prefix_and_26_characters_of_crockford_base32) {
  const std::string id = new_id("pay_", SystemClock());
  ASSERT_EQ(id.size(), 30u);
  EXPECT_TRUE(id.starts_with("pay_"));
  EXPECT_EQ(id.substr(4).find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ"), std::string::npos);
  EXPECT_LE(id[4], '7');  // 128 bits in 130
}

TEST(Id, carries_the_time_of_the_clock) {
  const ManualClock clock(2 * kFarFuture);  // later than what the other tests reach
  EXPECT_EQ(time_of(new_id("", clock)), static_cast<std::uint64_t>(2 * kFarFuture));
}

TEST(Id, sorts_after_every_earlier_one_even_when_the_clock_stands_or_goes_back) {
  ManualClock clock(kFarFuture + 1000);
  std::string previous = new_id("pay_", clock);
  for (int i = 0; i < 200'000; ++i) {
    if (i % 1000 == 0) clock.advance(i % 2000 == 0 ? -5 : 3);
    const std::string id = new_id("pay_", clock);
    ASSERT_LT(previous, id);
    previous = id;
  }
}

TEST(Id, several_at_once_have_their_prefixes_and_sort_as_they_are_asked_for) {
  const ManualClock clock(kFarFuture + 2000);
  std::string previous = new_id("", clock);
  std::set<std::string> random;
  for (int i = 0; i < 1000; ++i)
    for (const std::string& id : new_ids({"aa_", "bb_", "cc_"}, clock)) {
      ASSERT_EQ(id[0], "abc"[random.size() % 3]);
      ASSERT_LT(previous, id.substr(3));
      previous = id.substr(3);
      random.insert(id.substr(id.size() - 12));  // of the last 64 bits
    }
  EXPECT_EQ(random.size(), 3000u);
}

TEST(Id, survives_a_clock_that_is_out_of_range) {
  ManualClock clock(-1);
  EXPECT_EQ(new_id("x", clock).size(), 27u);
  clock.set(std::numeric_limits<UnixMillis>::min());
  EXPECT_EQ(new_id("x", clock).size(), 27u);
}

TEST(Id, is_unique_and_ordered_on_each_of_eight_threads) {
  std::vector<std::vector<std::string>> made(8);
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&mine] {
      const SystemClock clock;
      for (int i = 0; i < 5000; ++i) mine.push_back(new_id("evt_", clock));
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), 40'000u);
}

std::string read_all(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(descriptor, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  return text;
}

TEST(Id, child_after_fork_makes_other_ids_than_its_parent) {
  const ManualClock clock(kFarFuture);
  const std::string before = new_id("", clock);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::string ids;
    for (int i = 0; i < 100; ++i) ids += new_id("", clock);
    const bool written = ::write(ends[1], ids.data(), ids.size()) == static_cast<ssize_t>(ids.size());
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::set<std::string> mine;
  for (int i = 0; i < 100; ++i) mine.insert(new_id("", clock));
  const std::string theirs = read_all(ends[0]);
  ::close(ends[0]);
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_EQ(theirs.size(), 2600u);
  for (std::size_t at = 0; at < theirs.size(); at += 26) {
    const std::string id = theirs.substr(at, 26);
    EXPECT_FALSE(mine.contains(id));
    EXPECT_LT(before, id);
  }
}

TEST(RandomBytes, have_the_size_and_do_not_repeat) {
  EXPECT_EQ(random_bytes(0), "");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random_bytes(16));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_EQ(random_bytes(100'000).size(), 100'000u);
}

}  // namespace
}  // namespace till
