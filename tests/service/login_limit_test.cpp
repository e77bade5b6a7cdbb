// Who shows wrong tokens has to wait, and nobody else.
#include "core/service/login_limit.h"

#include <gtest/gtest.h>

namespace till::service {
namespace {

constexpr UnixMillis kStart = 1'700'000'000'000;

void fail(LoginLimit& limit, const std::string& peer, int times, UnixMillis at = kStart) {
  for (int i = 0; i < times; ++i) limit.count_wrong(peer, at);
}

TEST(LoginLimit, peer_waits_until_its_span_is_over) {
  LoginLimit limit;
  fail(limit, "192.0.2.1", kMaxWrongTokens - 1);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart), std::nullopt);
  fail(limit, "192.0.2.1", 1, kStart + 1'000);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart + 1'000), kLoginSpanMs - 1'000);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart + kLoginSpanMs - 1), 1);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart + kLoginSpanMs), std::nullopt);
  fail(limit, "192.0.2.1", 1, kStart + kLoginSpanMs);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart + kLoginSpanMs), std::nullopt) << "a span begins anew";
}

TEST(LoginLimit, other_peers_do_not_wait) {
  LoginLimit limit;
  fail(limit, "192.0.2.1", kMaxWrongTokens);
  EXPECT_EQ(limit.wait_ms("192.0.2.2", kStart), std::nullopt);
  EXPECT_EQ(limit.wait_ms("unix", kStart), std::nullopt);
}

TEST(LoginLimit, addresses_of_one_network_count_as_one) {
  LoginLimit limit;
  for (int i = 0; i < kMaxWrongTokens; ++i) fail(limit, "2001:db8:0:1::" + std::to_string(i), 1);
  EXPECT_NE(limit.wait_ms("2001:db8:0:1:ffff::1", kStart), std::nullopt);
  EXPECT_EQ(limit.wait_ms("2001:db8:0:2::1", kStart), std::nullopt);
}

TEST(LoginLimit, clock_that_is_set_back_locks_nobody_out) {
  LoginLimit limit;
  fail(limit, "192.0.2.1", kMaxWrongTokens);
  EXPECT_EQ(limit.wait_ms("192.0.2.1", kStart - 1), std::nullopt);
}

TEST(LoginLimit, as_many_peers_are_remembered_as_there_is_room_for) {
  LoginLimit limit;
  fail(limit, "first", kMaxWrongTokens, kStart);
  fail(limit, "second", kMaxWrongTokens, kStart + 1);
  for (std::size_t i = 2; i < kMaxLoginPeers; ++i) fail(limit, "peer" + std::to_string(i), 1, kStart + 2);
  EXPECT_NE(limit.wait_ms("first", kStart + 2), std::nullopt);
  fail(limit, "one more", 1, kStart + 2);
  EXPECT_EQ(limit.wait_ms("first", kStart + 2), std::nullopt);
  EXPECT_NE(limit.wait_ms("second", kStart + 2), std::nullopt);
}

}  // namespace
}  // namespace till::service
