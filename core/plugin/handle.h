// Handle: the opaque text that stands for a secret or a card number wherever a script can see it.
//
// Its form is '\x02' 'h' <16 lower-case hex digits> ':' <decimal index> '\x03'. The digits are a nonce of the one
// operation, so neither a script nor a provider can make up a handle that means anything; the index says which secret.
// Control characters do not occur in honest text, so a handle is never confused with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace till::plugin {

inline constexpr char kHandleBegin = '\x02';
inline constexpr char kHandleMark = 'h';
inline constexpr char kHandleEnd = '\x03';
inline constexpr std::size_t kHandleNonceDigits = 16;
inline constexpr std::size_t kMaxHandleIndexDigits = 6;

// A handle found inside a text.
struct HandleSpan {
  std::size_t begin = 0;  // of kHandleBegin
  std::size_t size = 0;   // up to and with kHandleEnd
  std::uint64_t nonce = 0;
  std::uint32_t index = 0;
};

// The text of the handle; `index` is below 1,000,000.
std::string make_handle(std::uint64_t nonce, std::uint32_t index);
// True when `text` is one handle and nothing else.
bool is_handle(std::string_view text);
// The first handle at or after `from`.
std::optional<HandleSpan> find_handle(std::string_view text, std::size_t from = 0);
// True when each handle in `text` is all of the text, or a whole JSON string inside it: '"' before it, and '"' after
// it, perhaps escaped by backslashes, as json.encode of a value with handles makes it. Only then does the core know
// how the secret is to be written in its place.
bool handles_stand_alone(std::string_view text);

}  // namespace till::plugin
