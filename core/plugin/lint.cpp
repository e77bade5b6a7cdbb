// lint_plugin(): the manifest, the script, and what each says of the other.
#include "core/plugin/lint.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

#include "core/base/limits.h"
#include "core/base/utf8.h"
#include "core/json/fault.h"
#include "core/json/path.h"
#include "core/plugin/lint_manifest.h"
#include "core/plugin/lint_script.h"
#include "core/plugin/manifest.h"
#include "core/plugin/operations.h"
#include "core/plugin/outline.h"
#include "core/plugin/plugin.h"
#include "core/plugin/script_names.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

using Findings = std::vector<Finding>;

constexpr std::string_view kNative = "native.";

void append(Findings& out, Findings more) { std::move(more.begin(), more.end(), std::back_inserter(out)); }

Finding in_manifest(std::string place, std::string code, std::string message, std::string help) {
  return {"manifest.json", std::move(place), 0, true, std::move(code), std::move(message), std::move(help)};
}

Findings manifest_findings(std::string_view text) {
  Findings out;
  for (const Error& error : manifest_errors(text)) {
    const std::string prefix = error.field + ": ";
    out.push_back(in_manifest(error.field, error.code,
                              error.message.starts_with(prefix) ? error.message.substr(prefix.size()) : error.message,
                              ""));
  }
  if (out.empty()) return out;
  const auto fault = json::find_fault(text);
  if (fault && out.front().message.find(fault->problem) != std::string::npos)
    out.front().line = static_cast<int>(fault->line);
  return out;
}

// "provider.lua:12: ..." -> 12
int line_in(std::string_view message) {
  constexpr std::string_view kFile = "provider.lua:";
  const std::size_t at = message.find(kFile);
  int line = 0;
  if (at != std::string_view::npos)
    std::from_chars(message.data() + at + kFile.size(), message.data() + message.size(), line);
  return line;
}

Finding in_script(const Error& error) {
  return {"provider.lua", "", line_in(error.message), true, error.code, error.message, ""};
}

bool declares(const Manifest& manifest, std::string_view function) {
  if (function.starts_with(kNative)) return manifest.native.contains(function.substr(kNative.size()));
  return manifest.capabilities.contains(function);
}

// What the manifest declares and the script lacks, and the other way round.
Findings lint_functions(const Manifest& manifest, const Outline& outline, const std::vector<ScriptToken>& tokens) {
  Findings out;
  const auto lines = lines_of_functions(tokens);
  const auto defined = [&](std::string_view name) {
    return std::binary_search(outline.functions.begin(), outline.functions.end(), name, std::less<>());
  };
  for (const auto& [operation, unused] : manifest.capabilities)
    if (!defined(operation))
      out.push_back(in_manifest(json::member_path("$.capabilities", operation), "capability_without_function",
                                "provider.lua has no function provider." + operation,
                                "write it, or move the operation to `absent` with the reason"));
  for (const auto& [name, unused] : manifest.native)
    if (!defined(std::string(kNative) + name))
      out.push_back(in_manifest(json::member_path("$.native", name), "capability_without_function",
                                "provider.lua has no function provider.native[\"" + name + "\"]", ""));
  for (const std::string& function : outline.functions) {
    if (declares(manifest, function)) continue;
    const bool known = function.starts_with(kNative) || find_operation(function) != nullptr;
    const std::string meant = known ? "" : did_you_mean(function, operation_names());
    const auto line = lines.find(function);
    out.push_back({"provider.lua", "", line == lines.end() ? 0 : line->second, true, "function_without_capability",
                   "the manifest declares no " + function,
                   meant.empty() ? "add it to `capabilities` or `native`, or take the function out" : meant.substr(2)});
  }
  return out;
}

// Users of a shop see the reason for what a provider cannot do, so there must be one. Any payment can be watched:
// without a stream it is asked about.
Findings lint_absent(const Manifest& manifest) {
  Findings out;
  for (const std::string_view operation : operation_names()) {
    if (operation == "payments.watch") continue;
    const std::string_view subject = operation.substr(0, operation.find('.'));
    if (manifest.capabilities.contains(operation) || manifest.absent.contains(operation) ||
        manifest.absent.contains(subject))
      continue;
    out.push_back(in_manifest(json::member_path("$.absent", operation), "operation_without_a_word",
                              "the operation is neither in `capabilities` nor in `absent`",
                              "say in `absent`, for the users of a shop, why the service has none"));
  }
  return out;
}

}  // namespace

std::vector<Finding> lint_plugin(std::string_view manifest_text, std::string_view script) {
  Findings out = manifest_findings(manifest_text);
  const auto manifest = parse_manifest(manifest_text);
  if (manifest.ok()) {
    append(out, lint_absent(*manifest));
    append(out, lint_prefix(*manifest));
    append(out, lint_unwritten(*manifest));
  }
  const auto checked = check_script_text(script);
  const auto chunk = checked.ok() ? Chunk::compile(script) : Result<std::shared_ptr<const Chunk>>(checked.error());
  if (!chunk.ok()) {
    out.push_back(in_script(chunk.error()));
    return out;
  }
  auto plugin = std::make_shared<Plugin>();
  if (manifest.ok()) plugin->manifest = *manifest;
  plugin->script = script;
  const auto outline = outline_of(plugin);
  if (!outline.ok()) {
    out.push_back(in_script(outline.error()));
    return out;
  }
  append(out, lint_names(names_in((*chunk)->bytecode()), *outline));
  const auto tokens = tokens_of(script);
  append(out, lint_requests(tokens));
  if (manifest.ok()) {
    append(out, lint_functions(*manifest, *outline, tokens));
    append(out, lint_path_secrets(tokens, *manifest));
  }
  return out;
}

}  // namespace till::plugin
