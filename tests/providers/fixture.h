// Fixture: one documented request and reply (or several) of a provider, as kept in plugins/providers/<id>/fixtures/.
//
// Members: `name`, `source` (where the samples stand), `operation`, `settings` (as a merchant gives them), `now` (the
// clock, in milliseconds), `input` (as the script gets it; card data in clear), `exchanges` [{request {method, path,
// query, signed, json}, reply {status, headers, json}}], and one of `output` (without `raw`), `output_is_reply` (JSON
// pointer into the last reply) or `error`. "NONCE" stands for any nonce that grows.
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
  json::Value document;
};

// How test reports name it.
inline void PrintTo(const Fixture& fixture, std::ostream* out) { *out << fixture.provider << "/" << fixture.file; }

// <repository>/plugins/providers.
std::filesystem::path providers_folder();
// Names of the providers, sorted.
std::vector<std::string> provider_names();
// All fixtures of all providers, sorted; an unreadable one has a null document.
std::vector<Fixture> all_fixtures();

}  // namespace till::test
