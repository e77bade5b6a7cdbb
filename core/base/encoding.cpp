// Hex, base64 and base58.
#include "core/base/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/ascii.h"
#include "core/base/bytes.h"

namespace till {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::uint32_t kBase64Mask = 63;
constexpr std::uint8_t kNoDigit = 0xff;

using DigitTable = std::array<std::uint8_t, 256>;

constexpr DigitTable digit_table(std::string_view alphabet) {
  DigitTable table{};
  table.fill(kNoDigit);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr DigitTable hex_digit_table() {
  DigitTable table = digit_table(kHexDigits);
  for (std::uint8_t i = 0; i < 6; ++i) table[static_cast<std::size_t>('A') + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}

constexpr DigitTable kHexTable = hex_digit_table();
constexpr DigitTable kBase64Table = digit_table(kBase64Alphabet);
constexpr DigitTable kBase58Table = digit_table(kBase58Alphabet);

std::uint8_t digit_of(const DigitTable& table, char c) { return table[static_cast<std::uint8_t>(c)]; }

Error invalid_encoding(std::string message) {
  return {.kind = ErrorKind::kInvalidRequest, .code = "invalid_encoding", .message = std::move(message)};
}

Error bad_character(std::string_view encoding, std::size_t index) {
  return invalid_encoding(std::string(encoding) + ": the character at index " + std::to_string(index) +
                          " does not belong there");
}

Error base58_too_long() { return invalid_encoding("base58: more than " + std::to_string(kMaxBase58Bytes) + " bytes"); }

// Index of the first character outside the table, or npos.
std::size_t find_bad_character(const DigitTable& table, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i)
    if (digit_of(table, text[i]) == kNoDigit) return i;
  return std::string_view::npos;
}

// Rewrites big-endian digits of one base into another. `capacity` bounds the result; at most capacity + 1 digits come
// back, so that the caller sees that the bound was passed.
std::string convert_base(std::string_view digits, unsigned from_base, unsigned to_base, std::size_t capacity) {
  std::string reversed;
  for (const char digit : digits) {
    unsigned carry = static_cast<std::uint8_t>(digit);
    for (char& out : reversed) {
      carry += static_cast<std::uint8_t>(out) * from_base;
      out = static_cast<char>(carry % to_base);
      carry /= to_base;
    }
    for (; carry != 0; carry /= to_base) reversed.push_back(static_cast<char>(carry % to_base));
    if (reversed.size() > capacity) break;
  }
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

}  // namespace

std::string hex_encode(std::string_view bytes) {
  std::string text(bytes.size() * 2, '0');
  char* digit = text.data();
  for (const std::uint8_t byte : byte_span(bytes)) {
    *digit++ = kHexDigits[byte >> 4];
    *digit++ = kHexDigits[byte & 15];
  }
  return text;
}

Result<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return invalid_encoding("hex: the number of digits is odd");
  if (const auto bad = find_bad_character(kHexTable, text); bad != text.npos) return bad_character("hex", bad);
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<char>(digit_of(kHexTable, text[i]) << 4 | digit_of(kHexTable, text[i + 1])));
  return bytes;
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto in = byte_span(bytes);
  for (std::size_t i = 0; i < in.size(); i += 3) {
    const std::size_t left = in.size() - i;
    const std::uint32_t group = static_cast<std::uint32_t>(in[i]) << 16 |
                                (left > 1 ? static_cast<std::uint32_t>(in[i + 1]) << 8 : 0) |
                                (left > 2 ? static_cast<std::uint32_t>(in[i + 2]) : 0);
    text.push_back(kBase64Alphabet[group >> 18]);
    text.push_back(kBase64Alphabet[group >> 12 & 63]);
    text.push_back(left > 1 ? kBase64Alphabet[group >> 6 & 63] : '=');
    text.push_back(left > 2 ? kBase64Alphabet[group & 63] : '=');
  }
  return text;
}

Result<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return invalid_encoding("base64: the length is not a multiple of four");
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::string_view digits = text.substr(0, text.size() - padding);

  std::string bytes(digits.size() * 3 / 4, '\0');
  char* out = bytes.data();
  std::uint32_t group = 0, all = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const std::uint32_t digit = digit_of(kBase64Table, digits[i]);
    all |= digit;
    group = group << 6 | digit;
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) *out++ = static_cast<char>(group >> shift & 0xffu);
    group = 0;
  }
  if (all > kBase64Mask) return bad_character("base64", find_bad_character(kBase64Table, digits));
  // What is left are two digits that make one byte, or three that make two, or none.
  const std::size_t unused = padding * 2;
  if ((group & ((1u << unused) - 1u)) != 0) return invalid_encoding("base64: the unused bits at the end are not zero");
  group >>= unused;
  if (padding == 1) *out++ = static_cast<char>(group >> 8 & 0xffu);
  if (padding != 0) *out = static_cast<char>(group & 0xffu);
  return bytes;
}

std::string base64url_encode(std::string_view bytes) {
  std::string text = base64_encode(bytes);
  text.erase(std::min(text.find('='), text.size()));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<std::string> base64url_decode(std::string_view text) {
  if (const auto bad = text.find_first_of("+/"); bad != text.npos) return bad_character("base64url", bad);
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  if (text.find('=') == text.npos) standard.append((4 - text.size() % 4) % 4, '=');
  return base64_decode(standard);
}

Result<std::string> base58_encode(std::string_view bytes) {
  if (bytes.size() > kMaxBase58Bytes) return base58_too_long();
  const std::size_t zeros = std::min(bytes.find_first_not_of('\0'), bytes.size());
  std::string text(zeros, kBase58Alphabet[0]);
  for (const char digit : convert_base(bytes.substr(zeros), 256, 58, 2 * kMaxBase58Bytes))
    text.push_back(kBase58Alphabet[static_cast<std::uint8_t>(digit)]);
  return text;
}

Result<std::string> base58_decode(std::string_view text) {
  if (const auto bad = find_bad_character(kBase58Table, text); bad != text.npos) return bad_character("base58", bad);
  const std::size_t zeros = std::min(text.find_first_not_of(kBase58Alphabet[0]), text.size());
  std::string digits;
  for (const char c : text.substr(zeros)) digits.push_back(static_cast<char>(digit_of(kBase58Table, c)));
  std::string bytes(zeros, '\0');
  bytes += convert_base(digits, 58, 256, kMaxBase58Bytes);
  if (bytes.size() > kMaxBase58Bytes) return base58_too_long();
  return bytes;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  percent_encode(text, out);
  return out;
}

void percent_encode(std::string_view text, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kMarks = "-._~";
  for (const char c : text) {
    if (is_letter(c) || is_digit(c) || kMarks.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 0xF]};
  }
}

}  // namespace till
