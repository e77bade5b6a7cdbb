// How often a watch asks, and when it tries a stream again.
#include "core/runtime/watch_pace.h"

#include <gtest/gtest.h>

namespace till {
namespace {

TEST(WatchPace, asks_at_growing_distances_and_quickly_again_after_a_change) {
  WatchPace pace({});
  EXPECT_EQ(pace.next_poll_ms(false), 2'000);
  EXPECT_EQ(pace.next_poll_ms(false), 3'000);
  EXPECT_EQ(pace.next_poll_ms(false), 4'500);
  for (int i = 0; i < 10; ++i) (void)pace.next_poll_ms(false);
  EXPECT_EQ(pace.next_poll_ms(false), 30'000);
  pace.changed();
  EXPECT_EQ(pace.next_poll_ms(false), 2'000);
}

TEST(WatchPace, asks_seldom_beside_a_stream) {
  WatchPace pace({});
  EXPECT_EQ(pace.next_poll_ms(true), 60'000);
  EXPECT_EQ(pace.next_poll_ms(true), 60'000);
  EXPECT_EQ(pace.next_poll_ms(false), 2'000);
}

TEST(WatchPace, waits_after_a_failure_as_long_as_the_provider_wants_at_least) {
  WatchPace pace({});
  EXPECT_EQ(pace.after_failure_ms(std::nullopt), 2'000);
  EXPECT_EQ(pace.after_failure_ms(1'000), 3'000);
  EXPECT_EQ(pace.after_failure_ms(90'000), 90'000);
}

TEST(WatchPace, tries_a_stream_again_at_doubling_distances_until_one_opens) {
  WatchPace pace({});
  EXPECT_EQ(pace.next_reconnect_ms(std::nullopt), 1'000);
  EXPECT_EQ(pace.next_reconnect_ms(std::nullopt), 2'000);
  EXPECT_EQ(pace.next_reconnect_ms(10'000), 10'000);
  EXPECT_EQ(pace.next_reconnect_ms(std::nullopt), 20'000);
  for (int i = 0; i < 10; ++i) (void)pace.next_reconnect_ms(std::nullopt);
  EXPECT_EQ(pace.next_reconnect_ms(std::nullopt), 60'000);
  EXPECT_EQ(pace.next_reconnect_ms(3'600'000), 60'000) << "a server cannot ask for ever";
  pace.connected();
  EXPECT_EQ(pace.next_reconnect_ms(0), 1'000);
}

}  // namespace
}  // namespace till
