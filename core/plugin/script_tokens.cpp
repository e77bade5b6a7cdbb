// tokens_of(): the lexer of Lua 5.4 (llex.c), for scripts that have compiled.
#include "core/plugin/script_tokens.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "core/base/ascii.h"

namespace till::plugin {
namespace {

using Kind = ScriptToken::Kind;

// The longest first.
constexpr std::string_view kLongSigns[] = {"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool in_name(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

class Lexer {
 public:
  explicit Lexer(std::string_view script) : script_(script) {}

  std::vector<ScriptToken> run() && {
    std::vector<ScriptToken> out;
    while (skip_to_token()) {
      const std::size_t begin = at_;
      ScriptToken token{.kind = Kind::kSign, .text = {}, .line = line_};
      go_to(end_of_token(token.kind));
      token.text = script_.substr(begin, at_ - begin);
      out.push_back(token);
    }
    return out;
  }

 private:
  std::string_view rest() const { return script_.substr(at_); }
  // '\0' behind the end.
  char at(std::size_t place) const { return place < script_.size() ? script_[place] : '\0'; }

  void go_to(std::size_t end) {
    end = std::min(end, script_.size());
    const std::string_view passed = script_.substr(at_, end - at_);
    line_ += static_cast<int>(std::count(passed.begin(), passed.end(), '\n'));
    at_ = end;
  }

  // False at the end of the script.
  bool skip_to_token() {
    while (true) {
      go_to(script_.find_first_not_of(kBlanks, at_));
      if (!rest().starts_with("--")) return at_ < script_.size();
      const std::size_t comment = at_ + 2;
      go_to(opens_long(comment) ? end_of_long(comment) : script_.find_first_of("\r\n", comment));
    }
  }

  std::size_t end_of_token(Kind& kind) const {
    const char c = at(at_);
    if (is_digit(c) || (c == '.' && is_digit(at(at_ + 1)))) return kind = Kind::kNumber, end_of_number();
    if (in_name(c)) return kind = Kind::kName, end_of_name();
    if (c == '"' || c == '\'') return kind = Kind::kText, end_of_quoted();
    if (opens_long(at_)) return kind = Kind::kText, end_of_long(at_);
    for (const std::string_view sign : kLongSigns)
      if (rest().starts_with(sign)) return at_ + sign.size();
    return at_ + 1;
  }

  std::size_t end_of_name() const {
    const auto end = std::find_if_not(script_.begin() + static_cast<std::ptrdiff_t>(at_), script_.end(), in_name);
    return static_cast<std::size_t>(end - script_.begin());
  }

  // 3, 0.5, .5, 1e-5, 0xA.8p+1; what is no number does not compile.
  std::size_t end_of_number() const {
    const bool hexadecimal = at(at_) == '0' && to_lower(at(at_ + 1)) == 'x';
    const char exponent = hexadecimal ? 'p' : 'e';
    std::size_t end = at_ + 1;
    for (; end < script_.size(); ++end) {
      const bool sign = (at(end) == '+' || at(end) == '-') && to_lower(at(end - 1)) == exponent;
      if (!in_name(at(end)) && at(end) != '.' && !sign) break;
    }
    return end;
  }

  // Whatever follows a backslash closes nothing.
  std::size_t end_of_quoted() const {
    std::size_t end = at_ + 1;
    while (end < script_.size() && at(end) != at(at_)) end += at(end) == '\\' ? 2 : 1;
    return end + 1;
  }

  // [[ or [=[ with any number of =
  bool opens_long(std::size_t begin) const { return at(begin) == '[' && at(behind_level(begin)) == '['; }

  std::size_t behind_level(std::size_t begin) const { return script_.find_first_not_of('=', begin + 1); }

  // Goes to the same bracket, closing.
  std::size_t end_of_long(std::size_t begin) const {
    const std::size_t text = behind_level(begin) + 1;
    std::string closing(script_.substr(begin, text - begin));
    std::replace(closing.begin(), closing.end(), '[', ']');
    const std::size_t found = script_.find(closing, text);
    return found == script_.npos ? found : found + closing.size();
  }

  std::string_view script_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

std::vector<ScriptToken> tokens_of(std::string_view script) { return Lexer(script).run(); }

}  // namespace till::plugin
