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

  void look_at_name(std::size_t i) {
    if (text(i) == "function") joined_names_.clear();
    if (text(i + 1) != "=") return;
    if (inner() == "{") return look_at_option(i);
    if (!is_any_of(text(i - 1), ".,")) look_at_assignment(i);
  }

  void look_at_option(std::size_t i) {
    if (text(i) != "optional" || text(i + 2) != "true" || open_.size() < 2) return;
    Open& call = open_[open_.size() - 2];
    if (call.bracket == "(") call.optional_line = tokens_[i].line;
  }

  // name = http.get, or name = "/payments/" .. id
  void look_at_assignment(std::size_t i) {
    const std::string_view name = text(i);
    request_names_.erase(name);
    joined_names_.erase(name);
    if (names_request(i + 2) && !is_call(i + 5)) request_names_.insert(name);
    if (text(i + 3) == ".." && kind(i + 2) != Kind::kSign) joined_names_.insert(name);
  }

  void look_at_sign(std::size_t i) {
    const std::string_view sign = text(i);
    if (sign == ".." && !open_.empty() && open_.back().path_of != kNone) joined_.insert(open_.back().path_of);
    if (sign == "," && !open_.empty()) open_.back().path_of = kNone;
    if (is_any_of(sign, "({[")) open(i);
    if (is_any_of(sign, ")}]") && !open_.empty()) close(i);
  }

  bool is_call(std::size_t i) const { return is_any_of(text(i), "({") || kind(i) == Kind::kText; }

  void open(std::size_t i) {
    Open opened{.bracket = text(i)};
    if (text(i) == "(") {
      const bool argument_is_joined = joined_names_.contains(text(i + 1)) && is_any_of(text(i + 2), ",)");
      if (calls_request(i)) opened.path_of = i;
      if (calls_request(i) && argument_is_joined) joined_.insert(i);
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
  std::set<std::string_view> request_names_;  // what stands for a function of http
  std::set<std::string_view> joined_names_;   // what stands for a joined text, up to the next function
  std::set<std::size_t> joined_;              // the requests whose path is joined
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> lint_requests(const Tokens& tokens) { return RequestWalk(tokens).run(); }

}  // namespace till::plugin
