// Handles: what a script passes around instead of card numbers and tokens, and the one place that knows what they mean.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/crypto/secret.h"
#include "core/json/value.h"
#include "core/plugin/handle.h"

namespace till {

// The handles of one operation. Handles of another operation, or made up by a script, mean nothing here.
class Handles {
 public:
  enum class Kind { kCardData, kReplySecret };
  // Where in a request a handle stands.
  enum class Place { kPath, kBody, kQuery };

  // A new handle for the secret.
  std::string add(Kind kind, std::string_view secret);
  // `text` with every handle replaced by its secret. Card data may stand in a body only. kPlugin, code "handle", when a
  // handle is unknown, stands where its kind may not, or its secret would not survive in that place unescaped. What
  // is for a query is for the caller to escape.
  Result<std::string> fill(std::string_view text, Place place) const;
  // `value` with every handle replaced: by "[card]" or "[secret]", or when `reveal_secrets` by the reply's secret
  // itself.
  json::Value shown(json::Value value, bool reveal_secrets) const;
  // `value`, a provider's reply, with the text below each of these keys, at any depth, replaced by a handle (beyond
  // kMaxReplySecrets of them by "[secret]"), and card numbers that it repeats by "[card]".
  json::Value hide(json::Value value, const std::vector<std::string>& keys);
  // `text` with every secret known here replaced by "[card]" or "[secret]".
  std::string redact(std::string text) const;
  // The same in place; true when there was one.
  bool redact_in(std::string& text) const;

  // As many as a page of records has; each is looked for in all that the operation shows.
  static constexpr std::size_t kMaxReplySecrets = 256;

 private:
  struct Entry {
    Kind kind;
    Secret secret;
  };
  const Entry* find(const plugin::HandleSpan& handle) const;
  void show_in(json::Value& value, bool reveal_secrets) const;
  std::string shown_text(std::string text, bool reveal_secrets) const;
  void hide_in(json::Value& value, const std::vector<std::string>& keys);
  json::Value hide_text(const std::string& text);
  bool redact_cards_in(std::string& text) const;

  std::uint64_t nonce_ = 0;  // drawn with the first handle
  std::vector<Entry> entries_;
};

// Replaces `secret` by `by`, wherever it stands in `text`; true when it did. Secrets too short to be told from chance
// are left.
bool redact_secret(std::string& text, std::string_view secret, std::string_view by);

// Has `redact_in` replace what it knows in a string or a number, which becomes a string then; it says whether it did.
template <class RedactIn>
void redact_scalar(json::Value& value, const RedactIn& redact_in) {
  if (std::string* string = value.string()) {
    redact_in(*string);
  } else if (const json::Number* number = value.number()) {
    std::string text = number->text;
    if (redact_in(text)) value = std::move(text);
  }
}

// The same for an object's keys. Two that hold secrets may look the same then: the last one counts.
template <class RedactIn>
void redact_keys(json::Object& object, const RedactIn& redact_in) {
  bool changed = false;
  for (auto& [key, member] : object) changed |= redact_in(key);
  if (!changed) return;
  json::Object out;
  for (auto& [key, member] : object) out.set(key, std::move(member));
  object = std::move(out);
}

}  // namespace till
