// Formats: see format.h.
#include "core/plugin/format.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/ascii.h"

namespace till::plugin {
namespace {

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

// Calls `accepts` with each part between separators, until it refuses one.
template <class Predicate>
bool all_parts(std::string_view text, char separator, Predicate accepts) {
  while (true) {
    const std::size_t end = text.find(separator);
    if (!accepts(text.substr(0, end))) return false;
    if (end == text.npos) return true;
    text.remove_prefix(end + 1);
  }
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         all(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_version_number(std::string_view text) {
  return !text.empty() && text.size() <= 9 && all(text, is_digit) && (text.size() == 1 || text.front() != '0');
}

bool is_version_word(std::string_view text) {
  return !text.empty() && all(text, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

bool is_prerelease_word(std::string_view text) {
  return is_version_word(text) && (!all(text, is_digit) || text.size() == 1 || text.front() != '0');
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_ipv4(std::string_view text) {
  const auto is_octet = [](std::string_view part) {
    return !part.empty() && part.size() <= 3 && all(part, is_digit) && (part.size() < 3 || part <= "255");
  };
  return std::count(text.begin(), text.end(), '.') == 3 && all_parts(text, '.', is_octet);
}

// "[::1]": whether it is a whole address is left to whoever connects.
bool is_bracketed_ipv6(std::string_view text) {
  return text.size() > 4 && text.starts_with('[') && text.ends_with(']') &&
         all(text.substr(1, text.size() - 2), [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; });
}

// What stands between "://" and the path, or all of it.
std::string_view url_authority(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == url.npos) return {};
  url.remove_prefix(begin + 3);
  return url.substr(0, url.find_first_of("/?#"));
}

// The host, and the port where there is one.
std::pair<std::string_view, std::optional<std::string_view>> split_authority(std::string_view authority) {
  const std::size_t after = authority.starts_with('[') ? authority.find(']') : 0;
  const std::size_t colon = authority.find(':', after == authority.npos ? 0 : after);
  if (colon == authority.npos) return {authority, std::nullopt};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

// True when an http or https URL names a host: a shop under development has an address only.
bool has_host(std::string_view url) {
  const auto [host, port] = split_authority(url_authority(url));
  return (is_hostname(host) || is_ipv4(host) || is_bracketed_ipv6(host)) && (!port || is_port(*port));
}

}  // namespace

bool is_hex(std::string_view text) { return !text.empty() && text.size() % 2 == 0 && all(text, is_hex_digit); }

bool is_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const std::size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point == std::string_view::npos ? "0" : text.substr(point + 1);
  return !whole.empty() && !fraction.empty() && all(whole, is_digit) && all(fraction, is_digit);
}

bool is_hostname(std::string_view text) {
  if (text.empty() || text.size() > 253 || !all_parts(text, '.', is_label)) return false;
  const std::string_view last = text.substr(text.rfind('.') + 1);  // npos + 1 is 0
  return !all(last, is_digit);
}

bool is_email(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == text.npos || at == 0 || at > 64 || text.size() > 254) return false;
  return all(text.substr(0, at), [](char c) { return c > 0x20 && c != 0x7F && c != '@'; }) &&
         is_hostname(text.substr(at + 1));
}

bool is_uri(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos || colon == 0 || colon + 1 == text.size() || !is_letter(text.front())) return false;
  const std::string_view scheme = text.substr(0, colon);
  if (!all(scheme, [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '.' || c == '-'; }))
    return false;
  if (!all(text, [](char c) {
        return c > 0x20 && c < 0x7F && std::string_view("<>\"{}|\\^`").find(c) == std::string_view::npos;
      }))
    return false;
  const std::string lower = to_lower(scheme);
  return (lower != "http" && lower != "https") || has_host(text);
}

bool is_web_url(std::string_view text) {
  if (!text.starts_with("https://") && !text.starts_with("http://")) return false;
  if (!all(text, [](char c) { return c > 0x20 && c < 0x7F; })) return false;
  const auto [host, port] = split_authority(url_authority(text));
  return is_hostname(host) && (!port || is_port(*port));
}

bool is_header_value(std::string_view text) {
  return all(text, [](char c) { return c >= 0x20 && c < 0x7F; }) && !text.starts_with(' ') && !text.ends_with(' ');
}

bool is_json_pointer(std::string_view text) {
  if (!text.empty() && text.front() != '/') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') continue;
    if (i + 1 == text.size() || (text[i + 1] != '0' && text[i + 1] != '1')) return false;
  }
  return true;
}

bool is_semver(std::string_view text) {
  const std::size_t plus = text.find('+');
  if (plus != text.npos && !all_parts(text.substr(plus + 1), '.', is_version_word)) return false;
  text = text.substr(0, plus);
  const std::size_t hyphen = text.find('-');
  if (hyphen != text.npos && !all_parts(text.substr(hyphen + 1), '.', is_prerelease_word)) return false;
  text = text.substr(0, hyphen);
  return std::count(text.begin(), text.end(), '.') == 2 && all_parts(text, '.', is_version_number);
}

bool is_word(std::string_view text, std::size_t min_size, std::size_t max_size) {
  return text.size() >= min_size && text.size() <= max_size && is_lower_letter(text.front()) &&
         all(text, [](char c) { return is_lower_letter(c) || is_digit(c) || c == '_'; });
}

std::string url_host(std::string_view url) {
  const std::string_view authority = url_authority(url);
  return to_lower(authority.substr(0, authority.find(':')));
}

}  // namespace till::plugin
