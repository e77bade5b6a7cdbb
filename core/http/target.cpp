#include "core/http/target.h"

#include <algorithm>
#include <boost/url.hpp>

#include "core/http/message.h"

namespace till::http {
namespace {

constexpr std::size_t kMaxUrlBytes = 16 * 1024;
constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035, without the root's dot

Error url_error(std::string_view what) { return invalid_request("$.url", "the request's URL " + std::string(what)); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_name(std::string_view host) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  };
  return !host.empty() && host.size() <= kMaxHostBytes && host.front() != '.' &&
         std::all_of(host.begin(), host.end(), fits);
}

Result<std::string> host_of(const boost::urls::url_view& url) {
  if (url.host_type() == boost::urls::host_type::ipv6) {
    const auto view = url.encoded_host();
    return std::string(view.data() + 1, view.size() - 2);
  }
  if (url.host_type() == boost::urls::host_type::ipvfuture) return url_error("has an unknown kind of host");
  const auto view = url.encoded_host();
  std::string host(view.data(), view.size());
  std::transform(host.begin(), host.end(), host.begin(), lower);
  if (!is_host_name(host)) return url_error("has no usable host name");
  return host;
}

}  // namespace

std::string Target::authority(bool always_port) const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (always_port || port != (secure ? 443 : 80)) text.append(":").append(std::to_string(port));
  return text;
}

std::string Target::origin() const { return (secure ? "https://" : "http://") + authority(false); }

Result<Target> parse_target(std::string_view text) {
  if (text.size() > kMaxUrlBytes) return url_error("is longer than 16 KiB");
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(text.data(), text.size()));
  if (!parsed) return url_error("is not a well-formed absolute URL");
  const boost::urls::url_view url = *parsed;
  if (url.scheme_id() != boost::urls::scheme::https && url.scheme_id() != boost::urls::scheme::http) {
    return url_error("must begin with https://");
  }
  if (!url.has_authority()) return url_error("has no host");
  if (url.has_userinfo()) return url_error("must not hold user info");
  if (url.has_fragment()) return url_error("must not have a fragment");
  Target target;
  target.secure = url.scheme_id() == boost::urls::scheme::https;
  target.port = target.secure ? 443 : 80;
  TILL_ASSIGN(target.host, host_of(url));
  if (url.has_port() && !url.port().empty()) {
    target.port = url.port_number();
    if (target.port == 0) return url_error("has a port outside of 1 to 65535");
  }
  if (!target.secure && !is_loopback_host(target.host)) {
    return url_error("must be https; plain http is for loopback addresses only");
  }
  const auto path = url.encoded_target();
  target.path.reserve(path.size() + 1);
  if (url.encoded_path().empty()) target.path = "/";
  target.path.append(path.data(), path.size());
  return target;
}

}  // namespace till::http
