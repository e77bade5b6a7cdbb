// Times as text.
#include "core/base/time.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace till {
namespace {

constexpr UnixMillis kInstant = 1'795'215'000'000;  // 2026-11-20T22:50:00Z, by `date -u -d @1795215000`

TEST(Time, reads_every_form_that_providers_send) {
  for (const std::string_view text :
       {"2026-11-20T22:50:00Z", "2026-11-20T22:50:00.000Z", "2026-11-20t22:50:00z", "2026-11-20T22:50:00",
        "2026-11-20 22:50:00", "2026-11-20 22:50:00.000", "2026-11-21T04:50:00+06:00", "2026-11-21T04:50:00+0600",
        "2026-11-21T04:50:00+06", "2026-11-20T17:20:00-05:30", "2026-11-20T22:50:00,0009+00:00",
        "2026-11-20 22:50:00-00:00"})
    EXPECT_EQ(parse_time(text).value(), kInstant) << text;
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.000Z").value(), 0);
  EXPECT_EQ(parse_time("2025-08-20 20:56:36.456").value(), 1'755'723'396'456);
  EXPECT_EQ(parse_time("2026-11-20").value(), 1'795'132'800'000);
}

TEST(Time, fraction_is_cut_to_milliseconds) {
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.1Z").value(), 100);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.12Z").value(), 120);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.123999999Z").value(), 123);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.999Z").value(), -1);
}

TEST(Time, what_is_no_time_is_refused) {
  for (const std::string_view text : {"",
                                      "2026",
                                      "2026-11",
                                      "2026-11-2",
                                      "20261120",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "2026-04-31",
                                      "2026-11-20T",
                                      "2026-11-20T22:50",
                                      "2026-11-20T24:00:00Z",
                                      "2026-11-20T22:60:00Z",
                                      "2026-11-20T22:50:60Z",
                                      "2026-11-20T22:50:00.Z",
                                      "2026-11-20T22:50:00.1234567890Z",
                                      "2026-11-20T22:50:00ZZ",
                                      "2026-11-20T22:50:00+",
                                      "2026-11-20T22:50:00+6",
                                      "2026-11-20T22:50:00+24:00",
                                      "2026-11-20T22:50:00+06:60",
                                      "2026-11-20T22:50:00+06:0",
                                      " 2026-11-20",
                                      "2026-11-20 ",
                                      "+2026-11-20",
                                      "-2026-11-20",
                                      "2026/11/20",
                                      "2026-11-20X22:50:00Z",
                                      "1900-02-29",
                                      "0000-01-01T00:00:00+01:00",
                                      "9999-12-31T23:59:59-01:00",
                                      "\xd9\xa2\xd9\xa0-11-20"})
    EXPECT_EQ(parse_time(text).error().code, "invalid_time") << text;
}

TEST(Time, writes_iso_and_sql) {
  EXPECT_EQ(format_iso_time(kInstant), "2026-11-20T22:50:00.000Z");
  EXPECT_EQ(format_sql_time(kInstant + 999), "2026-11-20 22:50:00");
  EXPECT_EQ(format_iso_time(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(format_sql_time(-1), "1969-12-31 23:59:59");
}

TEST(Time, beyond_four_digit_years_the_nearer_end_is_written) {
  EXPECT_EQ(format_iso_time(std::numeric_limits<UnixMillis>::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(format_iso_time(std::numeric_limits<UnixMillis>::min()), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(parse_time(format_iso_time(kMinTime)).value(), kMinTime);
  EXPECT_EQ(parse_time(format_iso_time(kMaxTime)).value(), kMaxTime);
}

TEST(Time, every_time_comes_back_as_it_was) {
  std::mt19937_64 random(3);
  std::uniform_int_distribution<UnixMillis> any(kMinTime, kMaxTime);
  for (int i = 0; i < 20'000; ++i) {
    const UnixMillis time = any(random);
    ASSERT_EQ(parse_time(format_iso_time(time)).value(), time);
  }
}

}  // namespace
}  // namespace till
