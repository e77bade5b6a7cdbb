// Bytes in PostgreSQL's text: a webhook's body may be anything, and must come back as it was.
#include "core/store/postgres_text.h"

#include <algorithm>
#include <charconv>

#include "core/base/encoding.h"
#include "core/base/utf8.h"

namespace till {
namespace {

constexpr std::string_view kMark = "\xF4\x8F\xBF\xBF";  // U+10FFFF, a noncharacter
constexpr std::size_t kHexDigits = 2;

void append_marked(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) out.append(kMark).append(hex_encode(std::string_view(&byte, 1)));
}

// `text` is valid UTF-8.
void append_valid(std::string& out, std::string_view text) {
  constexpr std::string_view kSuspects("\0\xF4", 2);
  for (std::size_t at = 0; (at = text.find_first_of(kSuspects, at)) != std::string_view::npos;) {
    const std::size_t marked = text[at] == '\0' ? 1 : text.substr(at).starts_with(kMark) ? kMark.size() : 0;
    if (marked == 0) {
      ++at;
      continue;
    }
    out += text.substr(0, at);
    append_marked(out, text.substr(at, marked));
    text.remove_prefix(at + marked);
    at = 0;
  }
  out += text;
}

}  // namespace

std::string to_postgres_text(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    const std::size_t valid = valid_utf8_prefix(bytes);
    append_valid(out, bytes.substr(0, valid));
    append_marked(out, bytes.substr(valid, 1));
    bytes.remove_prefix(std::min(valid + 1, bytes.size()));
  }
  return out;
}

std::string from_postgres_text(std::string_view text) {
  std::string out;
  for (std::size_t mark = 0; (mark = text.find(kMark)) != std::string_view::npos;) {
    out += text.substr(0, mark);
    text.remove_prefix(mark + kMark.size());
    unsigned byte = 0;
    const std::string_view digits = text.substr(0, kHexDigits);
    std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    out += static_cast<char>(byte);
    text.remove_prefix(digits.size());
  }
  return out.append(text);
}

}  // namespace till
