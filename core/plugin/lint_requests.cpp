// Lint of the requests that a script makes: one walk over its tokens, with a stack of the brackets that are open.
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/plugin/lint_script.h"

namespace till::plugin {
namespace {

using Tokens = std::vector<ScriptToken>;
using Kind = ScriptToken::Kind;

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

bool is_any_of(std::string_view sign, std::string_view signs) {
  return sign.size() == 1 && signs.find(sign) != signs.npos;
}

class RequestWalk {
 public:
  explicit RequestWalk(const Tokens& tokens) : tokens_(tokens) {}

  std::vector<Finding> run() && {
    find_constants();
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind == Kind::kName)
        look_at_name(i);
      else if (tokens_[i].kind == Kind::kSign)
        look_at_sign(i);
    }
    for (const std::size_t request : joined_)
      findings_.push_back({"provider.lua", "", tokens_[request].line, false, "joined_path",
                           "a path is joined with `..`",
                           "write \"/payments/{id}\" and {path = {id = id}}: what stands in braces is encoded, and an "
                           "id with a slash in it stays an id"});
    return std::move(findings_);
  }

 private:
  struct Open {
    std::string_view bracket;
    bool request = false;         // the parentheses of a request
    bool caught = false;          // in those of pcall, which takes what goes wrong for its result
    std::size_t path_of = kNone;  // the request whose path stands here
    int optional_line = 0;        // in the parentheses of a call: where an option says that it may come to nothing
  };

  // "" outside of the script.
  std::string_view text(std::size_t i) const { return i < tokens_.size() ? tokens_[i].text : std::string_view(); }
  Kind kind(std::size_t i) const { return i < tokens_.size() ? tokens_[i].kind : Kind::kSign; }
  std::string_view inner() const { return open_.empty() ? "" : open_.back().bracket; }

  // http.get
  bool names_request(std::size_t i) const {
    return text(i) == "http" && text(i - 1) != "." && text(i + 1) == "." && kind(i + 2) == Kind::kName;
  }

  // Where the top level says `name = "text"`, and nothing says `name =` again, the name stands for what it says.
  void find_constants() {
    std::set<std::string_view> assigned;
    int depth = 0;  // of functions and blocks
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const std::string_view name = text(i);
      if (kind(i) != Kind::kName) continue;
      if (name == "function" || name == "if" || name == "do" || name == "repeat") ++depth;
      if (name == "end" || name == "until") --depth;
      if (text(i + 1) != "=" || text(i - 1) == ".") continue;
      const bool is_text = kind(i + 2) == Kind::kText && ends_statement(i + 3);
      const bool is_first = assigned.insert(name).second;
      if (is_first && depth == 0 && is_text && !is_any_of(text(i - 1), "{,;"))
        constants_.insert(name);
      else
        constants_.erase(name);
    }
  }

  // Does the statement in front of this token end there, as far as one token tells?
  bool ends_statement(std::size_t i) const {
    const bool begins_another = kind(i) == Kind::kName && text(i) != "and" && text(i) != "or";
    return begins_another || text(i) == ";" || i == tokens_.size();
  }

  // A text, a number or a name that stands for one, and no part of something longer.
  bool is_constant(std::size_t i) const {
    if (kind(i) != Kind::kName) return kind(i) != Kind::kSign;
    return constants_.contains(text(i)) && text(i - 1) != "." && !is_any_of(text(i + 1), ".:[({");
  }

  void look_at_name(std::size_t i) {
    if (text(i) == "function") joined_names_.clear();
    if (text(i + 1) != "=") return;
    if (inner() == "{") return look_at_option(i);
    if (!is_any_of(text(i - 1), ".,")) look_at_assignment(i);
  }

  void look_at_option(std::size_t i) {
    if (text(i) != "optional" || text(i + 2) != "true" || open_.size() < 2) return;
    Open& call = open_[open_.size() - 2];
    if (call.request && !call.caught) call.optional_line = tokens_[i].line;
  }

  // name = http.get, or name = "/payments/" .. id
  void look_at_assignment(std::size_t i) {
    const std::string_view name = text(i);
    request_names_.erase(name);
    joined_names_.erase(name);
    if (names_request(i + 2) && !is_call(i + 5)) request_names_.insert(name);
    std::size_t value = i + 2;
    while (text(value + 1) == ".." && is_constant(value)) value += 2;
    const bool goes_on = text(value + 1) == ".." && kind(value) != Kind::kSign;
    if (goes_on || (value > i + 2 && !is_constant(value))) joined_names_.insert(name);
  }

  void look_at_sign(std::size_t i) {
    const std::string_view sign = text(i);
    if (sign == ".." && !open_.empty() && open_.back().path_of != kNone && !(is_constant(i - 1) && is_constant(i + 1)))
      joined_.insert(open_.back().path_of);
    if (sign == "," && !open_.empty()) open_.back().path_of = kNone;
    if (is_any_of(sign, "({[")) open(i);
    if (is_any_of(sign, ")}]") && !open_.empty()) close(i);
  }

  bool is_call(std::size_t i) const { return is_any_of(text(i), "({") || kind(i) == Kind::kText; }

  void open(std::size_t i) {
    Open opened{.bracket = text(i)};
    opened.caught = !open_.empty() && open_.back().caught;
    if (text(i) == "(") {
      const bool argument_is_joined = joined_names_.contains(text(i + 1)) && is_any_of(text(i + 2), ",)");
      opened.request = calls_request(i);
      if (text(i - 1) == "pcall") opened.caught = true;
      if (opened.request) opened.path_of = i;
      if (opened.request && argument_is_joined) joined_.insert(i);
      if (groups(i) && !open_.empty()) opened.path_of = open_.back().path_of;
    }
    open_.push_back(opened);
  }

  bool calls_request(std::size_t i) const {
    return names_request(i - 3) || (request_names_.contains(text(i - 1)) && !is_any_of(text(i - 2), ".:"));
  }

  // Is it a parenthesis that calls nothing?
  bool groups(std::size_t i) const {
    const bool behind_sign = kind(i - 1) == Kind::kSign && !is_any_of(text(i - 1), ")]}");
    return behind_sign || text(i - 1) == "and" || text(i - 1) == "or";
  }

  void close(std::size_t i) {
    const int line = open_.back().optional_line;
    open_.pop_back();
    if (line == 0 || !is_any_of(text(i + 1), ".:[")) return;
    findings_.push_back({"provider.lua", "", line, true, "optional_reply_used", "an optional request may come to nil",
                         "keep the reply in a local, and look whether it is there"});
  }

  const Tokens& tokens_;
  std::vector<Open> open_;
  std::set<std::string_view> constants_;      // what the top level gave a text, once
  std::set<std::string_view> request_names_;  // what stands for a function of http
  std::set<std::string_view> joined_names_;   // what stands for a joined text, up to the next function
  std::set<std::size_t> joined_;              // the requests whose path is joined
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> lint_requests(const Tokens& tokens) { return RequestWalk(tokens).run(); }

}  // namespace till::plugin
