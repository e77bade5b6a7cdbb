// find_fault(): descends through the text by RFC 8259's grammar, and stops at the first thing that does not fit.
#include "core/json/fault.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/utf8.h"
#include "core/json/json.h"

namespace till::json {
namespace {

constexpr int kMaxDepth = 1000;

// Methods return false once a fault is found, or nothing can be said.
class Descent {
 public:
  explicit Descent(std::string_view text) : text_(text) {}

  std::optional<Fault> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) return Fault{"the text begins with a byte order mark", 1, 1};
    skip_spaces();
    if (read_value(0)) {
      skip_spaces();
      if (at_ < text_.size()) fail(text_[at_] == '/' ? kComment : "the text goes on after its end");
    }
    const std::size_t valid = valid_utf8_prefix(text_);
    if (valid < text_.size() && (problem_.empty() || valid < at_)) fail_at(valid, "the text is not valid UTF-8");
    if (problem_.empty()) return std::nullopt;
    const std::string_view before = text_.substr(0, at_);
    const auto lines = std::count(before.begin(), before.end(), '\n');
    const std::string_view line = before.substr(before.rfind('\n') + 1);  // npos + 1 is 0
    const auto characters =
        std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
    return Fault{problem_, static_cast<std::size_t>(lines) + 1, static_cast<std::size_t>(characters) + 1};
  }

 private:
  static constexpr std::string_view kComment = "JSON has no comments";
  static constexpr std::string_view kTooShort = "the text ends too early";

  bool fail(std::string_view problem) {
    problem_ = problem;
    return false;
  }
  bool fail_at(std::size_t at, std::string_view problem) {
    at_ = at;
    return fail(problem);
  }

  // '\0' at the end.
  char next() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool read_value(int depth) {
    if (at_ == text_.size()) return fail(kTooShort);
    if (depth > kMaxDepth) return false;
    switch (next()) {
      case '{':
        return read_members('}', depth);
      case '[':
        return read_members(']', depth);
      case '"':
        return read_string();
      default:
        return read_plain();
    }
  }

  // A number or a word: whatever reaches to the next character with a meaning of its own.
  bool read_plain() {
    const std::size_t begin = at_;
    at_ = std::min(text_.find_first_of(" \t\r\n,:{}[]\"/", at_), text_.size());
    const std::string_view plain = text_.substr(begin, at_ - begin);
    if (plain.empty()) return fail(next() == '/' ? kComment : "a value is missing");
    if (plain == "true" || plain == "false" || plain == "null" || is_number(plain)) return true;
    const bool means_number = is_digit(plain[0]) || std::string_view("+-.").find(plain[0]) != std::string_view::npos;
    return fail_at(
        begin, means_number ? "a number has a form that JSON does not have" : "a word is none of true, false and null");
  }

  bool read_string() {
    const std::size_t begin = at_++;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\n' || text_[at_] == '\r')
        return fail_at(begin, "a string does not end on its line, or holds a control character");
      if (static_cast<unsigned char>(text_[at_]) < 0x20)
        return fail("a string holds a control character that is not escaped");
      if (text_[at_] == '\\' && !read_escape()) return fail("a string holds an escape that JSON does not have");
    }
    if (at_ == text_.size()) return fail_at(begin, "a string does not end");
    ++at_;
    return true;
  }

  // Stays on the escape's last character.
  bool read_escape() {
    const char kind = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (kind != 'u') return std::string_view("\"\\/bfnrt").find(kind) != std::string_view::npos && ++at_;
    const std::string_view digits = text_.substr(std::min(at_ + 2, text_.size()), 4);
    if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != digits.npos) return false;
    at_ += 5;
    return true;
  }

  bool read_members(char end, int depth) {
    ++at_;
    skip_spaces();
    if (next() == end) return ++at_, true;
    while (true) {
      if (!(end == '}' ? read_member(depth) : read_value(depth + 1))) return false;
      skip_spaces();
      if (next() == end) return ++at_, true;
      if (next() != ',') return fail(what_is_missing(end));
      const std::size_t comma = at_++;
      skip_spaces();
      if (next() == '}' || next() == ']') return fail_at(comma, "a comma stands before a closing bracket");
    }
  }

  std::string_view what_is_missing(char end) const {
    if (at_ == text_.size()) return kTooShort;
    if (next() == '/') return kComment;
    return end == '}' ? "a comma or the closing } is missing" : "a comma or the closing ] is missing";
  }

  bool read_member(int depth) {
    if (at_ == text_.size()) return fail(kTooShort);
    if (next() != '"') return fail(next() == '/' ? kComment : "a key in double quotes is missing");
    if (!read_string()) return false;
    skip_spaces();
    if (next() != ':') return fail(at_ == text_.size() ? kTooShort : "a colon is missing behind a key");
    ++at_;
    skip_spaces();
    return read_value(depth + 1);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view problem_;
};

}  // namespace

std::optional<Fault> find_fault(std::string_view text) { return Descent(text).run(); }

}  // namespace till::json
