// Validation of UTF-8, by the table of well-formed byte sequences in the Unicode standard (table 3-7).
#include "core/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace till {
namespace {

// What may follow a lead byte: how many bytes, and the range of the first of them (the others are 80..BF).
struct Sequence {
  std::size_t continuation = 0;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
};

// False when `lead` starts no sequence.
bool find_sequence(std::uint8_t lead, Sequence& out) {
  if (lead < 0xc2 || lead > 0xf4) return false;
  out = Sequence{.continuation = lead < 0xe0 ? 1u : lead < 0xf0 ? 2u : 3u};
  if (lead == 0xe0) out.second_min = 0xa0;  // shorter forms exist below
  if (lead == 0xed) out.second_max = 0x9f;  // surrogates above
  if (lead == 0xf0) out.second_min = 0x90;  // shorter forms exist below
  if (lead == 0xf4) out.second_max = 0x8f;  // beyond U+10FFFF above
  return true;
}

std::size_t skip_ascii(std::string_view text, std::size_t at) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::uint64_t word = 0;
  while (at + sizeof word <= text.size()) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & kHighBits) != 0) break;
    at += sizeof word;
  }
  while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80) ++at;
  return at;
}

}  // namespace

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t at = skip_ascii(text, 0);
  while (at < text.size()) {
    Sequence sequence;
    if (!find_sequence(static_cast<std::uint8_t>(text[at]), sequence)) return at;
    if (text.size() - at <= sequence.continuation) return at;
    const auto second = static_cast<std::uint8_t>(text[at + 1]);
    if (second < sequence.second_min || second > sequence.second_max) return at;
    for (std::size_t i = 2; i <= sequence.continuation; ++i)
      if ((static_cast<std::uint8_t>(text[at + i]) & 0xc0) != 0x80) return at;
    at = skip_ascii(text, at + 1 + sequence.continuation);
  }
  return at;
}

std::string cut_utf8(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace till
