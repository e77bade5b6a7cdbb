// Places of stores: which kind, and what of it may be shown.
#include "core/store/place.h"

#include <algorithm>
#include <array>

namespace till {
namespace {

constexpr std::string_view kHidden = "***";

// Parameters of a URL whose values are secrets.
constexpr std::array<std::string_view, 3> kSecretParameters{"password", "sslpassword", "oauth_client_secret"};

std::string shown_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    const std::string_view name = one.substr(0, one.find('='));
    const bool secret = std::find(kSecretParameters.begin(), kSecretParameters.end(), name) != kSecretParameters.end();
    if (!out.empty()) out += '&';
    out += secret ? std::string(name).append("=").append(kHidden) : std::string(one);
  }
  return out;
}

}  // namespace

bool is_postgres_place(std::string_view place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

std::string shown_store_place(std::string_view place) {
  const std::size_t scheme = place.find("://");
  if (scheme == std::string_view::npos) return std::string(place);
  std::string_view rest = place.substr(scheme + 3);
  const std::string_view before_query = rest.substr(0, rest.find('?'));
  std::string out(place.substr(0, scheme + 3));
  // Up to the last '@': a password whose '@' or '/' was left unescaped is hidden all the same.
  const std::size_t at = before_query.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user = before_query.substr(0, at);
    const std::size_t colon = user.find(':');
    out += user.substr(0, colon);
    if (colon != std::string_view::npos) out.append(":").append(kHidden);
    out += '@';
  }
  out += before_query.substr(at == std::string_view::npos ? 0 : at + 1);
  if (before_query.size() < rest.size()) out.append("?").append(shown_query(rest.substr(before_query.size() + 1)));
  return out;
}

Result<std::unique_ptr<Store>> open_store(const std::string& place) {
  if (is_postgres_place(place)) return open_postgres_store(place);
  if (place.find("://") != std::string::npos)
    return configuration_error("$.store", "a store is a file's path, \"memory\" or a postgresql:// URL");
  return open_sqlite_store(place);
}

}  // namespace till
