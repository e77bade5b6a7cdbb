// Fixture: one documented request and reply (or several) of a provider, as kept in plugins/providers/<id>/fixtures/.
// The format is docs/schemas/fixture.json; core/runtime/fixture_player.h plays it.
#pragma once

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "core/json/value.h"

namespace till::test {

struct Fixture {
  std::string provider;  // the folder's name
  std::string file;      // without ".json"

  // Null when it cannot be read. Each test of a fixture runs in a process of its own, which reads this one file.
  json::Value document() const;
};

// How test reports name it.
inline void PrintTo(const Fixture& fixture, std::ostream* out) { *out << fixture.provider << "/" << fixture.file; }

// <repository>/plugins/providers.
std::filesystem::path providers_folder();
// Names of the providers, sorted.
std::vector<std::string> provider_names();
// All fixtures of all providers, sorted.
std::vector<Fixture> all_fixtures();

}  // namespace till::test
