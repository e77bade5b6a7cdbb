// write_response(): an answer as bytes.
#include <boost/beast/http/status.hpp>
#include <chrono>
#include <cstdio>

#include "core/base/ascii.h"
#include "core/http/server_connection.h"
#include "core/http/syntax.h"

namespace till::http {
namespace {

bool is_ours(std::string_view name) {
  return same_word(name, "Connection") || same_word(name, "Content-Length") || same_word(name, "Transfer-Encoding") ||
         same_word(name, "Date");
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7), whatever the process's locale is.
std::string http_date(UnixMillis now) {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(now)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::seconds>(time - day));
  char text[64];
  const int size =
      std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d GMT", kDays[chrono::weekday(day).c_encoding()],
                    static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                    static_cast<int>(date.year()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace

std::optional<std::string> write_response(const Response& response, bool keep_alive, bool head, UnixMillis now) {
  namespace beast = boost::beast::http;
  if (response.status < 200 || response.status > 599) return std::nullopt;
  const auto reason = beast::obsolete_reason(beast::int_to_status(static_cast<unsigned>(response.status)));
  const bool bodiless = response.status == 204 || response.status == 304;
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " ";
  out.append(reason.data(), reason.size()).append("\r\nDate: ").append(http_date(now)).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !is_field_value(value) || is_ours(name)) return std::nullopt;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!bodiless) out.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  if (!keep_alive) out.append("Connection: close\r\n");
  out.append("\r\n");
  if (!bodiless && !head) out.append(response.body);
  return out;
}

}  // namespace till::http
