// Outline: what a script defines, found by running its top level in the sandbox.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/plugin/plugin.h"

namespace till::plugin {

struct Outline {
  std::vector<std::string> functions;  // "payments.create", "check", "native.getRates": sorted
  std::vector<std::string> host;       // what the host offers: "http", "http.get", "assert", ...: sorted
};

// Runs only the top level of the file, which can send nothing. Errors as ScriptRun's.
Result<Outline> outline_of(const std::shared_ptr<const Plugin>& plugin);

}  // namespace till::plugin
