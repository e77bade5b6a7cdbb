// Lint: everything that can be said against a plugin before it is used, all at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace till::plugin {

struct Finding {
  std::string file;     // "manifest.json" or "provider.lua"
  std::string place;    // in the manifest: "$.auth.scheme"; empty in the script
  int line = 0;         // in the script, or where the manifest stops being JSON, from 1; 0 where there is none
  bool error = true;    // else it is advice
  std::string code;     // stable word: "manifest", "script_syntax", "unknown_global", ...
  std::string message;  // what is wrong
  std::string help;     // what to do; may be empty
};

// Checks both texts, each alone and against each other. Runs no more of the script than its top level, in the sandbox.
std::vector<Finding> lint_plugin(std::string_view manifest, std::string_view script);

}  // namespace till::plugin
