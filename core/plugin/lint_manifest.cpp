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

std::vector<Finding> lint_unwritten(const Manifest& manifest) {
  std::vector<Finding> out;
  const auto unchanged = [&](std::string place, std::string problem) {
    out.push_back(advice(std::move(place), "unchanged", std::move(problem),
                         "write what is true of the service: `pack` refuses it"));
  };
  const auto look_at = [&](std::string place, std::string_view host) {
    if (to_lower(host).ends_with(kNobodys))
      out.push_back(advice(std::move(place), "example_host", "names a host in `.example`, where nobody can have one",
                           "write the service's own address: `pack` refuses this one"));
  };
  if (manifest.summary == kNewSummary) unchanged("$.summary", "is the sentence that `till plugin new` wrote");
  const auto is_new = [](const auto& reason) { return reason.second == kNewReason; };
  const auto reasons = std::count_if(manifest.absent.begin(), manifest.absent.end(), is_new);
  if (reasons > 0)
    unchanged("$.absent", std::to_string(reasons) + (reasons == 1 ? " reason is" : " reasons are") +
                              " the sentence that `till plugin new` wrote");
  look_at("$.homepage", host_of(manifest.homepage));
  for (std::size_t i = 0; i < manifest.documentation.size(); ++i)
    look_at(json::element_path("$.documentation", i), host_of(manifest.documentation[i]));
  for (const auto& [name, mode] : manifest.modes)
    look_at(json::member_path("$.modes", name) + ".base_url", host_of(mode.base_url));
  for (std::size_t i = 0; i < manifest.hosts.size(); ++i) look_at(json::element_path("$.hosts", i), manifest.hosts[i]);
  return out;
}

}  // namespace till::plugin
