// Lint of what a manifest says.
#include "core/plugin/lint_manifest.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/base/ascii.h"
#include "core/json/path.h"

namespace till::plugin {
namespace {

Finding advice(std::string place, std::string code, std::string message, std::string help) {
  return {"manifest.json", std::move(place), 0, false, std::move(code), std::move(message), std::move(help)};
}

bool runs_on(std::string_view prefix) {
  return !prefix.empty() && (is_letter(prefix.back()) || (prefix.back() >= '0' && prefix.back() <= '9'));
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

}  // namespace till::plugin
