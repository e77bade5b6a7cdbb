// The form of handles: see handle.h.
#include "core/plugin/handle.h"

#include <cassert>

namespace till::plugin {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

std::optional<unsigned> hex_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10u;
  return std::nullopt;
}

// The handle that begins at `begin`, if one does.
std::optional<HandleSpan> handle_at(std::string_view text, std::size_t begin) {
  std::size_t at = begin + 2;
  if (text.size() < at + kHandleNonceDigits + 3 || text[begin] != kHandleBegin || text[begin + 1] != kHandleMark)
    return std::nullopt;
  HandleSpan span{.begin = begin};
  for (std::size_t i = 0; i < kHandleNonceDigits; ++i, ++at) {
    const auto digit = hex_value(text[at]);
    if (!digit) return std::nullopt;
    span.nonce = span.nonce << 4 | *digit;
  }
  if (text[at++] != ':') return std::nullopt;
  const std::size_t digits = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    if (at - digits == kMaxHandleIndexDigits) return std::nullopt;
    span.index = span.index * 10 + static_cast<std::uint32_t>(text[at] - '0');
  }
  if (at == digits || at == text.size() || text[at] != kHandleEnd) return std::nullopt;
  span.size = at + 1 - begin;
  return span;
}

bool is_quoted(std::string_view text, const HandleSpan& span) {
  if (span.begin == 0 || text[span.begin - 1] != '"') return false;
  const std::size_t after = text.find_first_not_of('\\', span.begin + span.size);
  return after != std::string_view::npos && text[after] == '"';
}

}  // namespace

std::string make_handle(std::uint64_t nonce, std::uint32_t index) {
  assert(index < 1'000'000);
  std::string text{kHandleBegin, kHandleMark};
  for (int shift = 60; shift >= 0; shift -= 4) text += kHexDigits[nonce >> shift & 0xF];
  text += ':';
  text += std::to_string(index);
  text += kHandleEnd;
  return text;
}

bool is_handle(std::string_view text) {
  const auto span = handle_at(text, 0);
  return span && span->size == text.size();
}

std::optional<HandleSpan> find_handle(std::string_view text, std::size_t from) {
  for (std::size_t at = text.find(kHandleBegin, from); at != std::string_view::npos;
       at = text.find(kHandleBegin, at + 1)) {
    if (const auto span = handle_at(text, at)) return span;
  }
  return std::nullopt;
}

bool handles_stand_alone(std::string_view text) {
  for (auto span = find_handle(text); span; span = find_handle(text, span->begin + span->size)) {
    if (span->size != text.size() && !is_quoted(text, *span)) return false;
  }
  return true;
}

}  // namespace till::plugin
