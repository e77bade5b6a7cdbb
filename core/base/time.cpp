// Reading and writing times.
#include "core/base/time.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "core/base/ascii.h"

namespace till {
namespace {

constexpr std::int64_t kMillisPerSecond = 1000;
constexpr std::int64_t kMillisPerMinute = 60 * kMillisPerSecond;
constexpr std::int64_t kMillisPerHour = 60 * kMillisPerMinute;
constexpr std::int64_t kMillisPerDay = 24 * kMillisPerHour;
constexpr std::size_t kMaxFractionDigits = 9;

// Walks over the text; each step says whether what it wanted was there.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool next_is(std::string_view any_of) const { return !done() && any_of.find(rest_.front()) != any_of.npos; }
  bool next_is_digit() const { return !done() && is_digit(rest_.front()); }
  bool skip(std::string_view any_of) {
    if (!next_is(any_of)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `count` digits.
  std::optional<int> number(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (!is_digit(c)) return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // As number(), and no more than `max`.
  std::optional<int> number_up_to(std::size_t count, int max) {
    const auto value = number(count);
    return value && *value <= max ? value : std::nullopt;
  }
  // The digits of a fraction, as milliseconds.
  std::optional<int> fraction_millis() {
    int millis = 0;
    std::size_t digits = 0;
    for (; next_is_digit(); ++digits) {
      const int digit = *number(1);
      if (digits < 3) millis = millis * 10 + digit;
    }
    if (digits == 0 || digits > kMaxFractionDigits) return std::nullopt;
    for (std::size_t i = digits; i < 3; ++i) millis *= 10;
    return millis;
  }

 private:
  std::string_view rest_;
};

std::optional<std::int64_t> scan_date(Scanner& scanner) {
  const auto year = scanner.number(4);
  if (!year || !scanner.skip("-")) return std::nullopt;
  const auto month = scanner.number(2);
  if (!month || !scanner.skip("-")) return std::nullopt;
  const auto day = scanner.number(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kMillisPerDay;
}

std::optional<std::int64_t> scan_time_of_day(Scanner& scanner) {
  const auto hour = scanner.number_up_to(2, 23);
  if (!hour || !scanner.skip(":")) return std::nullopt;
  const auto minute = scanner.number_up_to(2, 59);
  if (!minute || !scanner.skip(":")) return std::nullopt;
  const auto second = scanner.number_up_to(2, 59);
  if (!second) return std::nullopt;
  std::int64_t millis = *hour * kMillisPerHour + *minute * kMillisPerMinute + *second * kMillisPerSecond;
  if (scanner.skip(".,")) {
    const auto fraction = scanner.fraction_millis();
    if (!fraction) return std::nullopt;
    millis += *fraction;
  }
  return millis;
}

// How far local time is ahead of UTC; zero when nothing is said.
std::optional<std::int64_t> scan_offset(Scanner& scanner) {
  if (scanner.done() || scanner.skip("Zz")) return 0;
  const std::int64_t sign = scanner.next_is("-") ? -1 : 1;
  if (!scanner.skip("+-")) return std::nullopt;
  const auto hour = scanner.number_up_to(2, 23);
  if (!hour) return std::nullopt;
  if (scanner.done()) return sign * *hour * kMillisPerHour;
  scanner.skip(":");
  const auto minute = scanner.number_up_to(2, 59);
  if (!minute) return std::nullopt;
  return sign * (*hour * kMillisPerHour + *minute * kMillisPerMinute);
}

std::optional<UnixMillis> scan_time(std::string_view text) {
  Scanner scanner(text);
  const auto date = scan_date(scanner);
  if (!date || scanner.done()) return date;
  if (!scanner.skip("Tt ")) return std::nullopt;
  const auto time_of_day = scan_time_of_day(scanner);
  if (!time_of_day) return std::nullopt;
  const auto offset = scan_offset(scanner);
  if (!offset || !scanner.done()) return std::nullopt;
  return *date + *time_of_day - *offset;
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  out.append(width - std::min(width, digits.size()), '0');
  out += digits;
}

// "2026-11-20T22:50:00" with the given separator.
std::string format_seconds(UnixMillis time, char separator) {
  const auto days = std::chrono::floor<std::chrono::days>(std::chrono::milliseconds(time));
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const std::int64_t of_day = time - std::chrono::milliseconds(days).count();
  std::string out;
  append_padded(out, static_cast<int>(date.year()), 4);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(date.day()), 2);
  out.push_back(separator);
  append_padded(out, of_day / kMillisPerHour, 2);
  out.push_back(':');
  append_padded(out, of_day / kMillisPerMinute % 60, 2);
  out.push_back(':');
  append_padded(out, of_day / kMillisPerSecond % 60, 2);
  return out;
}

}  // namespace

Result<UnixMillis> parse_time(std::string_view text) {
  const auto time = scan_time(text);
  if (!time || *time < kMinTime || *time > kMaxTime)
    return Error{.kind = ErrorKind::kInvalidRequest,
                 .code = "invalid_time",
                 .message = "not a time such as 2026-11-20T22:50:00Z or 2026-11-20 22:50:00"};
  return *time;
}

std::string format_iso_time(UnixMillis time) {
  time = std::clamp(time, kMinTime, kMaxTime);
  std::string out = format_seconds(time, 'T');
  out.push_back('.');
  append_padded(out, ((time % kMillisPerSecond) + kMillisPerSecond) % kMillisPerSecond, 3);
  out.push_back('Z');
  return out;
}

std::string format_sql_time(UnixMillis time) { return format_seconds(std::clamp(time, kMinTime, kMaxTime), ' '); }

}  // namespace till
