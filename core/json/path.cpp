// Paths: see path.h.
#include "core/json/path.h"

#include <algorithm>

#include "core/json/json.h"

namespace till::json {
namespace {

constexpr std::size_t kMaxKeyBytesInPath = 64;

bool is_word(std::string_view key) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  if (key.empty() || !letter(key.front())) return false;
  return std::all_of(key.begin(), key.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// At most kMaxKeyBytesInPath bytes, never ending inside a UTF-8 character.
std::string cut(std::string_view key) {
  if (key.size() <= kMaxKeyBytesInPath) return std::string(key);
  std::size_t end = kMaxKeyBytesInPath;
  while (end > 0 && (static_cast<unsigned char>(key[end]) & 0xC0u) == 0x80u) --end;
  return std::string(key.substr(0, end)) + "...";
}

}  // namespace

std::string member_path(std::string_view path, std::string_view key) {
  std::string out(path);
  out += '.';
  if (is_word(key) && key.size() <= kMaxKeyBytesInPath)
    out += key;
  else
    write_string_to(cut(key), out);
  return out;
}

std::string element_path(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

}  // namespace till::json
