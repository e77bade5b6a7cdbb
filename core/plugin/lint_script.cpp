// Lint of the script's own text.
#include "core/plugin/lint_script.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

// What people reach for that is not there, and what to take instead.
constexpr std::pair<std::string_view, std::string_view> kInstead[] = {
    {"coroutine", "http.* waits by itself: scripts are written straight down"},
    {"debug", "log.debug(s) writes a line"},
    {"dofile", "a provider is one file"},
    {"io", "scripts reach no file; log.info(s) writes a line"},
    {"load", "scripts cannot make code"},
    {"loadstring", "scripts cannot make code"},
    {"math.floor", "// divides integers exactly; amounts are the business of money.*"},
    {"math.random", "time.nonce() gives numbers that never repeat"},
    {"os", "time.now() and time.iso(ms) tell the time"},
    {"print", "log.info(s) writes a line"},
    {"require", "a provider is one file"},
    {"setmetatable", "there are no metatables: a plain function does"},
    {"string.find", "text.contains(s, part), text.starts(s, prefix) and text.ends(s, suffix)"},
    {"string.format", "join with .. and tostring(v); amounts with money.decimal(m); times with time.iso(ms)"},
    {"string.gmatch", "text.split(s, separator)"},
    {"string.gsub", "text.replace(s, part, by)"},
    {"string.match", "text.split(s, separator), text.starts(s, prefix) or text.digits(s)"},
    {"xpcall", "pcall"}};

std::string_view instead_of(std::string_view name) {
  for (const auto& [missing, advice] : kInstead)
    if (missing == name) return advice;
  return {};
}

std::string_view library_of(std::string_view name) { return name.substr(0, name.find('.')); }

Finding finding(int line, bool error, std::string code, std::string message, std::string help) {
  return {"provider.lua", "", line, error, std::move(code), std::move(message), std::move(help)};
}

// The whole sentence of did_you_mean(), without its leading "; ".
std::string suggestion(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  const std::string text = did_you_mean(name, candidates);
  return text.empty() ? text : text.substr(2);
}

std::string help_for(std::string_view name, const std::vector<std::string>& known) {
  const std::string_view advice = instead_of(name);
  return advice.empty() ? suggestion(name, known) : "instead: " + std::string(advice);
}

bool has(const std::vector<std::string>& sorted, std::string_view name) {
  return std::binary_search(sorted.begin(), sorted.end(), name, std::less<>());
}

// A library is a name with members.
bool is_library(const std::vector<std::string>& host, std::string_view name) {
  const std::string prefix = std::string(name) + ".";
  const auto next = std::lower_bound(host.begin(), host.end(), prefix);
  return next != host.end() && next->starts_with(prefix);
}

std::vector<std::string> known_globals(const std::vector<ScriptName>& names, const Outline& outline) {
  std::set<std::string> known;
  for (const std::string& name : outline.host)
    if (name.find('.') == std::string::npos) known.insert(name);
  for (const ScriptName& name : names)
    if (name.use == ScriptName::Use::kAssigned) known.insert(name.name);
  return {known.begin(), known.end()};
}

// Where the text behind a quote ends: behind the closing one, or at the end of the line.
std::size_t after_quoted(std::string_view text, std::size_t at) {
  const char quote = text[at++];
  while (at < text.size() && text[at] != quote && text[at] != '\n') at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

// The first argument of a call, from behind its parenthesis, with nothing in place of each quoted text.
std::string first_argument(std::string_view call) {
  std::string out;
  int depth = 0;
  for (std::size_t at = 0; at < call.size();) {
    const char c = call[at];
    if (c == '"' || c == '\'') {
      at = after_quoted(call, at);
      continue;
    }
    if (depth == 0 && (c == ',' || c == ')')) break;
    if (c == '(' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '}' || c == ']') --depth;
    out += c;
    ++at;
  }
  return out;
}

bool joins(std::string_view expression) { return expression.find("..") != std::string_view::npos; }

}  // namespace

std::vector<Finding> lint_names(const std::vector<ScriptName>& names, const Outline& outline) {
  std::vector<Finding> out;
  std::set<std::pair<int, std::string>> told;
  const std::vector<std::string> globals = known_globals(names, outline);
  for (const ScriptName& used : names) {
    const std::string global(library_of(used.name));
    if (used.use == ScriptName::Use::kAssigned || !told.emplace(used.line, used.name).second) continue;
    if (used.use == ScriptName::Use::kMethod) {
      const std::string method = "string." + used.name;
      if (!has(outline.host, method) && !instead_of(method).empty())
        out.push_back(finding(used.line, false, "unknown_method", "texts have no method `" + used.name + "`",
                              help_for(method, outline.host)));
    } else if (!has(globals, global)) {
      out.push_back(
          finding(used.line, true, "unknown_global", "nothing defines `" + global + "`", help_for(global, globals)));
    } else if (is_library(outline.host, global) && global != used.name && !has(outline.host, used.name)) {
      out.push_back(finding(used.line, true, "unknown_function", "there is no `" + used.name + "`",
                            help_for(used.name, outline.host)));
    }
  }
  return out;
}

std::vector<Finding> lint_optional_requests(std::string_view script) {
  constexpr std::string_view kOption = "optional = true";
  std::vector<Finding> out;
  for (std::size_t at = script.find(kOption); at != script.npos; at = script.find(kOption, at + 1)) {
    // The call's closing parenthesis, and what comes after it.
    int depth = 1;
    std::size_t end = at;
    while (end < script.size() && depth > -1) {
      if (script[end] == '{' || script[end] == '(') ++depth;
      if (script[end] == '}' || script[end] == ')') --depth;
      ++end;
    }
    if (end == script.size() || std::string_view(".:[").find(script[end]) == std::string_view::npos) continue;
    const auto begin = script.begin();
    const int line = 1 + static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(at), '\n'));
    out.push_back(finding(line, true, "optional_reply_used", "an optional request may come to nil",
                          "keep the reply in a local, and look whether it is there"));
  }
  return out;
}

std::vector<Finding> lint_joined_paths(std::string_view script) {
  std::vector<Finding> out;
  constexpr std::string_view kCall = "http.";
  for (std::size_t at = script.find(kCall); at != script.npos; at = script.find(kCall, at + 1)) {
    const std::size_t open = script.find_first_not_of("abcdefghijklmnopqrstuvwxyz", at + kCall.size());
    if (open == script.npos || script[open] != '(') continue;
    if (!joins(first_argument(script.substr(open + 1)))) continue;
    const auto begin = script.begin();
    const int line = 1 + static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(at), '\n'));
    out.push_back(
        finding(line, false, "joined_path", "a path is joined with `..`",
                "write \"/payments/{id}\" and {path = {id = id}}: what stands in braces is encoded, and an id "
                "with a slash in it stays an id"));
  }
  return out;
}

std::vector<Finding> lint_path_secrets(std::string_view script, const Manifest& manifest) {
  constexpr std::string_view kBegin = "{secret.";
  std::vector<Finding> out;
  std::set<std::string> used;
  int line = 1;
  for (std::size_t at = 0; at < script.size(); ++at) {
    if (script[at] == '\n') ++line;
    if (!script.substr(at).starts_with(kBegin)) continue;
    const std::string_view rest = script.substr(at + kBegin.size());
    const std::string name(rest.substr(0, rest.find_first_of("}\n\"")));
    used.insert(name);
    if (std::find(manifest.path_secrets.begin(), manifest.path_secrets.end(), name) == manifest.path_secrets.end())
      out.push_back(
          finding(line, true, "secret_in_path", "`" + name + "` is not among the manifest's path_secrets",
                  "servers log addresses: send secrets by `auth`, or in a body, where the service allows it"));
  }
  for (const std::string& name : manifest.path_secrets)
    if (!used.contains(name))
      out.push_back({"manifest.json", "$.path_secrets", 0, false, "unused_path_secret",
                     "no path of the script holds {secret." + name + "}", "take it out of path_secrets"});
  return out;
}

int line_of(std::string_view text, std::string_view part) {
  const std::size_t at = text.find(part);
  if (at == std::string_view::npos) return 0;
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

}  // namespace till::plugin
