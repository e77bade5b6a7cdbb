// Lint of the script's own text.
#include "core/plugin/lint_script.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/plugin/plain_text.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

// Of a name in a message.
constexpr std::size_t kMaxShown = 60;

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

// What may be meant by names that are not known.
class Suggestions {
 public:
  std::string help_for(std::string_view name, const std::vector<std::string>& known) {
    const std::string_view advice = instead_of(name);
    if (!advice.empty()) return "instead: " + std::string(advice);
    if (known.size() > left_) return {};
    left_ -= known.size();
    const std::vector<std::string_view> candidates(known.begin(), known.end());
    const std::string text = did_you_mean(name, candidates);
    return text.empty() ? text : text.substr(2);  // the sentence without its leading "; "
  }

 private:
  std::size_t left_ = 20'000;  // comparisons of two names: a script of nothing but strange names is not worth more
};

// The name in `.name` or `["name"]` from here on; "" when something else stands here.
std::string_view member_at(const std::vector<ScriptToken>& tokens, std::size_t i) {
  if (i + 1 < tokens.size() && tokens[i].text == ".") return tokens[i + 1].text;
  if (i + 2 >= tokens.size() || tokens[i].text != "[" || tokens[i + 1].kind != ScriptToken::Kind::kText) return {};
  std::string_view quoted = tokens[i + 1].text;
  return tokens[i + 2].text == "]" ? quoted.substr(1, quoted.size() - 2) : std::string_view();
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

}  // namespace

std::vector<Finding> lint_names(const std::vector<ScriptName>& names, const Outline& outline) {
  std::vector<Finding> out;
  Suggestions suggestions;
  std::set<std::pair<int, std::string>> told;
  const std::vector<std::string> globals = known_globals(names, outline);
  for (const ScriptName& used : names) {
    const std::string global(library_of(used.name));
    if (used.use == ScriptName::Use::kAssigned || !told.emplace(used.line, used.name).second) continue;
    if (used.use == ScriptName::Use::kMethod) {
      const std::string method = "string." + used.name;
      if (!has(outline.host, method) && !instead_of(method).empty())
        out.push_back(finding(used.line, false, "unknown_method", "texts have no method `" + used.name + "`",
                              suggestions.help_for(method, outline.host)));
    } else if (!has(globals, global)) {
      out.push_back(finding(used.line, true, "unknown_global", "nothing defines `" + global + "`",
                            suggestions.help_for(global, globals)));
    } else if (is_library(outline.host, global) && global != used.name && !has(outline.host, used.name)) {
      out.push_back(finding(used.line, true, "unknown_function",
                            "there is no `" + plain_text(used.name, kMaxShown) + "`",
                            suggestions.help_for(used.name, outline.host)));
    }
  }
  return out;
}

std::vector<Finding> lint_path_secrets(const std::vector<ScriptToken>& tokens, const Manifest& manifest) {
  constexpr std::string_view kBegin = "{secret.";
  std::vector<Finding> out;
  const std::set<std::string_view> declared(manifest.path_secrets.begin(), manifest.path_secrets.end());
  std::set<std::string_view> used;
  for (const ScriptToken& token : tokens) {
    if (token.kind != ScriptToken::Kind::kText) continue;
    for (std::size_t at = token.text.find(kBegin); at != token.text.npos; at = token.text.find(kBegin, at)) {
      at += kBegin.size();
      const std::string_view name = token.text.substr(at, token.text.find_first_of("{}\"'", at) - at);
      used.insert(name);
      if (declared.contains(name)) continue;
      out.push_back(
          finding(token.line, true, "secret_in_path",
                  "`" + plain_text(name, kMaxShown) + "` is not among the manifest's path_secrets",
                  "servers log addresses: send secrets by `auth`, or in a body, where the service allows it"));
    }
  }
  for (const std::string& name : manifest.path_secrets)
    if (!used.contains(name))
      out.push_back({"manifest.json", "$.path_secrets", 0, false, "unused_path_secret",
                     "no path of the script holds {secret." + name + "}", "take it out of path_secrets"});
  return out;
}

std::map<std::string, int, std::less<>> lines_of_functions(const std::vector<ScriptToken>& tokens) {
  std::map<std::string, int, std::less<>> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].text != "provider") continue;
    const int line = tokens[i].line;
    std::string name;
    for (std::string_view member = member_at(tokens, i + 1); !member.empty(); member = member_at(tokens, i + 1)) {
      name += (name.empty() ? "" : ".") + std::string(member);
      i += tokens[i + 1].text == "." ? 2 : 3;
    }
    out.emplace(std::move(name), line);
  }
  return out;
}

}  // namespace till::plugin
