// read_hints, read_count: what servers say in headers about time, and in numbers.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "core/base/ascii.h"
#include "core/http/message.h"

namespace till::http {
namespace {

constexpr std::int64_t kMaxHint = 1'000'000'000'000'000;

// A whole number that is not negative; a fraction is cut off, for servers that send "12.5".
std::optional<std::int64_t> read_number(std::string_view text) {
  text = trim(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const char* const last = text.data() + text.size();
  if (error != std::errc() || number < 0 || number > kMaxHint || (end != last && *end != '.')) return std::nullopt;
  return number;
}

std::optional<unsigned> month_of(std::string_view name) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == name) return i + 1;
  }
  return std::nullopt;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form of RFC 9110, section 5.6.7, that servers may still send.
std::optional<std::int64_t> read_date(std::string_view text) {
  text = trim(text);
  if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return std::nullopt;
  auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    const char* const end = text.data() + at + size;
    const auto [stop, error] = std::from_chars(text.data() + at, end, value);
    return error == std::errc() && stop == end ? value : -1;
  };
  const int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
            second = number(23, 2);
  const auto month = month_of(text.substr(8, 3));
  if (!month || day < 1 || year < 1970 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year(year), chrono::month(*month), chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = chrono::sys_days(date).time_since_epoch().count();
  return (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000;
}

std::optional<std::int64_t> read_retry_after(std::string_view text, std::int64_t now_ms) {
  if (const auto seconds = read_number(text)) return *seconds <= kMaxHint / 1000 ? *seconds * 1000 : kMaxHint;
  const auto date = read_date(text);
  if (!date) return std::nullopt;
  return *date > now_ms ? *date - now_ms : 0;
}

}  // namespace

ResponseHints read_hints(const Headers& headers, std::int64_t now_ms) {
  ResponseHints hints;
  if (const auto value = headers.find("Retry-After")) hints.retry_after_ms = read_retry_after(*value, now_ms);
  if (const auto value = headers.find("Date")) hints.date_ms = read_date(*value);
  return hints;
}

std::optional<std::int64_t> read_count(const Headers& headers, std::string_view name) {
  const auto value = headers.find(name);
  return value ? read_number(*value) : std::nullopt;
}

}  // namespace till::http
