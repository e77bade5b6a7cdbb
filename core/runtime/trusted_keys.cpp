// read_trusted_keys(): see trusted_keys.h.
#include "core/runtime/trusted_keys.h"

#include <algorithm>
#include <fstream>
#include <string_view>

#include "core/base/ascii.h"
#include "core/json/path.h"

namespace till {
namespace {

constexpr std::size_t kKeyDigits = 64;
constexpr std::size_t kMaxKeys = 1'000;

bool is_key(std::string_view text) {
  return text.size() == kKeyDigits && std::all_of(text.begin(), text.end(), is_hex_digit);
}

std::string_view trimmed(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::size_t end = line.find_last_not_of(" \t\r");
  return line.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin);
}

Status read_key_file(const std::string& file, const std::string& place, std::vector<std::string>& keys) {
  std::ifstream stream(file);
  if (!stream) return configuration_error(place, "neither a key of 64 hexadecimal digits nor a file of them: " + file);
  std::string line;
  while (std::getline(stream, line)) {
    const std::string_view key = trimmed(line);
    if (key.empty()) continue;
    if (!is_key(key) || keys.size() == kMaxKeys)
      return configuration_error(place, file + " must hold one key of 64 hexadecimal digits on each line");
    keys.push_back(to_lower(key));
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> read_trusted_keys(const std::vector<std::string>& entries) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (is_key(entries[i]))
      keys.push_back(to_lower(entries[i]));
    else
      TILL_TRY(read_key_file(entries[i], json::element_path("$.trusted_keys", i), keys));
  }
  return keys;
}

}  // namespace till
