// ASCII: what characters are, whatever the process's locale says.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace till {

inline constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline constexpr bool is_lower_letter(char c) { return c >= 'a' && c <= 'z'; }
inline constexpr bool is_letter(char c) { return is_lower_letter(c) || (c >= 'A' && c <= 'Z'); }
inline constexpr bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
inline constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

inline constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string to_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return to_lower(c); });
  return out;
}

// Equal but for the case of letters, as the names of headers, hosts and schemes are compared.
inline bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// `tchar` of RFC 9110, section 5.6.2, by the character's code.
inline constexpr auto kTokenCharacters = [] {
  std::array<bool, 256> fits{};
  for (const char mark : std::string_view("!#$%&'*+-.^_`|~")) fits[static_cast<unsigned char>(mark)] = true;
  for (char c = 0; c < 0x7f; ++c) fits[static_cast<unsigned char>(c)] |= is_letter(c) || is_digit(c);
  return fits;
}();

// What HTTP's methods and names of fields are.
inline bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kTokenCharacters[static_cast<unsigned char>(c)]; });
}

// Without the spaces and tabs around it.
inline std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);  // npos + 1 is 0
}

}  // namespace till
