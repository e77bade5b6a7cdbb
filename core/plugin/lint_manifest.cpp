// Lint of what a manifest says.
#include "core/plugin/lint_manifest.h"

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"
#include "core/json/path.h"

namespace till::plugin {
namespace {

// RFC 2606: reserved, so nobody can have a host under it.
constexpr std::string_view kNobodys = ".example";
constexpr std::string_view kNewSummary = "One sentence: what this service pays with, and where.";
constexpr std::string_view kNewReason = "Say here, for the users of a shop, why the service has none.";

Finding advice(std::string place, std::string code, std::string message, std::string help) {
  return {"manifest.json", std::move(place), 0, false, std::move(code), std::move(message), std::move(help)};
}

bool runs_on(std::string_view prefix) {
  return !prefix.empty() && (is_letter(prefix.back()) || (prefix.back() >= '0' && prefix.back() <= '9'));
}

std::string_view host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find_first_of("/:?#"));
}

// The host that `till plugin new` makes of an id.
std::string new_host(std::string host) {
  std::replace(host.begin(), host.end(), '_', '-');
  const std::size_t begin = host.find_first_not_of('-'), end = host.find_last_not_of('-');
  return begin == std::string::npos ? host : host.substr(begin, end - begin + 1).append(kNobodys);
}

bool is_new_base_url(const Manifest& manifest, std::string_view url) {
  const std::string host = new_host(manifest.id);
  return url == "https://api." + host + "/v1" || url == "https://api.test." + host + "/v1";
}

std::string base_url_place(std::string_view mode) { return json::member_path("$.modes", mode) + ".base_url"; }

}  // namespace

std::vector<Finding> lint_prefix(const Manifest& manifest) {
  std::vector<Finding> out;
  const auto look_at = [&](std::string place, const std::string& prefix) {
    if (!runs_on(prefix)) return;
    out.push_back(advice(std::move(place), "prefix_runs_on",
                         "the secret follows `" + prefix + "` at once, and both are sent as one word",
                         "end it with the space or the sign that comes between: \"" + prefix + " \""));
  };
  look_at("$.auth.prefix", manifest.auth.prefix);
  for (const auto& [value, prefix] : manifest.auth.prefixes)
    look_at(json::member_path("$.auth.prefix.values", value), prefix);
  return out;
}

std::vector<std::pair<std::string, std::string>> unchanged_parts(const Manifest& manifest) {
  std::vector<std::pair<std::string, std::string>> out;
  if (manifest.summary == kNewSummary) out.emplace_back("$.summary", "is the sentence that `till plugin new` wrote");
  const auto is_new = [](const auto& reason) { return reason.second == kNewReason; };
  const auto reasons = std::count_if(manifest.absent.begin(), manifest.absent.end(), is_new);
  if (reasons > 0)
    out.emplace_back("$.absent", std::to_string(reasons) + (reasons == 1 ? " reason is" : " reasons are") +
                                     " the sentence that `till plugin new` wrote");
  for (const auto& [name, mode] : manifest.modes)
    if (is_new_base_url(manifest, mode.base_url))
      out.emplace_back(base_url_place(name), "is the address that `till plugin new` wrote");
  return out;
}

std::vector<Finding> lint_placeholders(const Manifest& manifest) {
  std::vector<Finding> out;
  for (auto& [place, problem] : unchanged_parts(manifest))
    out.push_back(advice(place, "unchanged", problem, "write what is true of the service: `pack` refuses it"));
  const auto look_at = [&](std::string place, std::string_view url) {
    const auto told = [&](const Finding& one) { return one.place == place; };
    if (!host_of(url).ends_with(kNobodys) || std::any_of(out.begin(), out.end(), told)) return;
    out.push_back(advice(std::move(place), "example_host", "no host can have a name in `.example`",
                         "write the service's own address"));
  };
  look_at("$.homepage", manifest.homepage);
  for (const auto& [name, mode] : manifest.modes) look_at(base_url_place(name), mode.base_url);
  return out;
}

}  // namespace till::plugin
