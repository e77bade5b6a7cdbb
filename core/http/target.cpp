#include "core/http/target.h"

#include <algorithm>
#include <boost/url.hpp>
#include <charconv>

#include "core/base/ascii.h"
#include "core/http/message.h"

namespace till::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 16 * 1024;
constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, without the root's dot

Error url_error(std::string_view what) { return invalid_request("$.url", "the request's URL " + std::string(what)); }

bool is_host_name(std::string_view host) {
  auto fits = [](char c) { return is_lower_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  return !host.empty() && host.size() <= kMaxHostBytes && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), fits);
}

bool is_ipv6_address(std::string_view text) {
  return static_cast<bool>(boost::urls::parse_ipv6_address(boost::urls::string_view(text.data(), text.size())));
}

// The part between "//" and the path. By hand: Boost.URL 1.81 ends the host of "127.0.0.1.example" after its fourth
// number and takes the rest for a path.
std::string_view authority_of(std::string_view url) {
  url.remove_prefix(url.find("//") + 2);
  return url.substr(0, url.find_first_of("/?#"));
}

}  // namespace

std::string Target::authority(bool always_port) const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (always_port || port != (secure ? 443 : 80)) text.append(":").append(std::to_string(port));
  return text;
}

std::string Target::origin() const { return (secure ? "https://" : "http://") + authority(false); }

Status parse_authority(std::string_view text, std::string* host, std::uint16_t* port) {
  const bool bracketed = text.substr(0, 1) == "[";
  const auto end = bracketed ? text.find(']') : std::string_view::npos;
  const auto colon = bracketed ? text.find(':', std::min(end, text.size())) : text.find(':');
  std::string_view name = text.substr(0, colon);
  if (bracketed) {
    name = text.substr(1, std::min(end, text.size()) - 1);
    if (end == std::string_view::npos || (end + 1 != text.size() && end + 1 != colon) || !is_ipv6_address(name)) {
      return url_error("has a malformed IPv6 address");
    }
  }
  host->assign(name);
  *host = to_lower(*host);
  if (!bracketed && !is_host_name(*host)) return url_error("has no usable host name");
  if (colon == std::string_view::npos || colon + 1 == text.size()) return {};
  unsigned number = 0;
  const char* const last = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data() + colon + 1, last, number);
  if (failed != std::errc() || stop != last || number == 0 || number > 65535) {
    return url_error("has a port outside of 1 to 65535");
  }
  *port = static_cast<std::uint16_t>(number);
  return {};
}

Result<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return url_error("is longer than 16 KiB");
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return url_error("is not a well-formed absolute URL");
  const boost::urls::url_view url = *parsed;
  if (url.scheme_id() != boost::urls::scheme::https && url.scheme_id() != boost::urls::scheme::http) {
    return url_error("must begin with https://");
  }
  if (!url.has_authority()) return url_error("has no host");
  const std::string_view authority = authority_of(text);
  if (authority.find('@') != std::string_view::npos) return url_error("must not hold user info");
  if (url.has_fragment()) return url_error("must not have a fragment");
  Target target;
  target.secure = url.scheme_id() == boost::urls::scheme::https;
  target.port = target.secure ? 443 : 80;
  TILL_TRY(parse_authority(authority, &target.host, &target.port));
  if (!target.secure && !is_loopback_host(target.host)) {
    return url_error("must be https; plain http is for loopback addresses only");
  }
  const std::string_view rest =
      text.substr(static_cast<std::size_t>(authority.data() - text.data()) + authority.size());
  target.path.reserve(rest.size() + 1);
  if (rest.substr(0, 1) != "/") target.path = "/";
  target.path.append(rest);
  return target;
}

}  // namespace till::http
