// Finding and reading fixtures.
#include "tests/providers/fixture.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/json/json.h"

namespace till::test {
namespace {

std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> entries;
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator(folder, absent)) entries.push_back(entry.path());
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::filesystem::path fixtures_folder(const std::string& provider) {
  return providers_folder() / provider / "fixtures";
}

}  // namespace

json::Value Fixture::document() const {
  std::ifstream stream(fixtures_folder(provider) / (file + ".json"), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  auto parsed = json::parse(text);
  return parsed.ok() ? std::move(parsed).value() : json::Value();
}

std::filesystem::path providers_folder() { return std::filesystem::path(TILL_SOURCE_DIR) / "plugins" / "providers"; }

std::vector<std::string> provider_names() {
  std::vector<std::string> names;
  for (const auto& folder : entries_of(providers_folder()))
    if (std::filesystem::exists(folder / "manifest.json")) names.push_back(folder.filename().string());
  return names;
}

std::vector<Fixture> all_fixtures() {
  std::vector<Fixture> fixtures;
  for (const std::string& provider : provider_names())
    for (const auto& path : entries_of(fixtures_folder(provider)))
      if (path.extension() == ".json") fixtures.push_back({provider, path.stem().string()});
  return fixtures;
}

}  // namespace till::test
