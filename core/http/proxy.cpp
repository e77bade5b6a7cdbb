#include "core/http/proxy.h"

#include <algorithm>
#include <boost/url.hpp>
#include <cstdlib>

#include "core/base/ascii.h"
#include "core/base/encoding.h"
#include "core/http/client.h"
#include "core/http/message.h"

namespace till::http {
namespace {

Error proxy_error(std::string_view what) {
  Error error = configuration_error("proxy", "the proxy's URL " + std::string(what));
  error.code = "proxy";
  return error;
}

Result<Proxy> parse_proxy(std::string_view text) {
  const std::string full =
      text.find("://") == std::string_view::npos ? "http://" + std::string(text) : std::string(text);
  const auto parsed = boost::urls::parse_uri(boost::urls::string_view(full.data(), full.size()));
  if (!parsed) return proxy_error("is not well-formed");
  const boost::urls::url_view url = *parsed;
  if (url.scheme_id() != boost::urls::scheme::http) return proxy_error("must begin with http://");
  Proxy proxy;
  std::string_view authority = std::string_view(full).substr(full.find("//") + 2);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (!parse_authority(authority, &proxy.host, &proxy.port).ok()) return proxy_error("names no usable host and port");
  if (url.has_userinfo()) {
    const std::string credentials = std::string(url.user()) + ":" + std::string(url.password());
    proxy.authorization = "Basic " + base64_encode(credentials);
  }
  return proxy;
}

// "shop.example" covers itself and "www.shop.example"; an IPv6 address may stand in brackets.
bool covers(const std::string& entry, const Target& target) {
  if (entry == "*" || entry == target.host) return true;
  const std::string with_port = target.authority(true);
  if (entry == with_port || entry == "[" + target.host + "]") return true;
  const std::string& whole = entry.find(':') == std::string::npos ? target.host : with_port;
  return whole.size() > entry.size() && whole.compare(whole.size() - entry.size(), entry.size(), entry) == 0 &&
         whole[whole.size() - entry.size() - 1] == '.';
}

std::string first_set(std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace

void apply_environment(ClientOptions& options) {
  if (options.proxy.empty()) options.proxy = first_set({"https_proxy", "HTTPS_PROXY"});
  if (options.no_proxy.empty()) options.no_proxy = first_set({"no_proxy", "NO_PROXY"});
}

Result<ProxyRule> ProxyRule::make(std::string_view proxy, std::string_view no_proxy) {
  ProxyRule rule;
  proxy = trim(proxy);
  if (proxy.empty()) return rule;
  TILL_ASSIGN(rule.proxy_, parse_proxy(proxy));
  while (!no_proxy.empty()) {
    const auto comma = no_proxy.find(',');
    std::string_view entry = trim(no_proxy.substr(0, comma));
    if (entry.substr(0, 2) == "*.") entry.remove_prefix(1);
    if (entry.substr(0, 1) == ".") entry.remove_prefix(1);
    if (!entry.empty()) rule.direct_.push_back(to_lower(entry));
    no_proxy.remove_prefix(comma == std::string_view::npos ? no_proxy.size() : comma + 1);
  }
  return rule;
}

const Proxy* ProxyRule::for_target(const Target& target) const {
  if (proxy_.host.empty() || is_loopback_host(target.host)) return nullptr;
  const bool direct = std::any_of(direct_.begin(), direct_.end(), [&](const auto& one) { return covers(one, target); });
  return direct ? nullptr : &proxy_;
}

}  // namespace till::http
