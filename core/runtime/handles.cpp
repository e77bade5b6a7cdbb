// Handles: making, filling and hiding them.
#include "core/runtime/handles.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/id.h"

namespace till {
namespace {

// Shorter secrets (a CVV) would be found by chance in innocent text.
constexpr std::size_t kShortestRedacted = 6;

std::string_view shown_as(Handles::Kind kind) { return kind == Handles::Kind::kCardData ? "[card]" : "[secret]"; }

// Characters that mean the same in a URL's path, in JSON, in JSON inside JSON and in a form. Dots alone would name
// another folder in a path.
bool survives_unescaped(std::string_view secret) {
  const bool only_dots = secret.find_first_not_of('.') == std::string_view::npos;
  return !only_dots && std::all_of(secret.begin(), secret.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.' || c == '~';
  });
}

Error handle_error(std::string message) { return plugin_error("handle", std::move(message)); }

std::uint64_t random_nonce() {
  std::uint64_t nonce = 0;
  const std::string bytes = random_bytes(sizeof nonce);
  std::memcpy(&nonce, bytes.data(), sizeof nonce);
  return nonce;
}

}  // namespace

std::string Handles::add(Kind kind, std::string_view secret) {
  if (entries_.empty()) nonce_ = random_nonce();
  std::string handle = plugin::make_handle(nonce_, static_cast<std::uint32_t>(entries_.size()));
  entries_.push_back({kind, Secret(secret)});
  return handle;
}

const Handles::Entry* Handles::find(const plugin::HandleSpan& handle) const {
  return handle.nonce == nonce_ && handle.index < entries_.size() ? &entries_[handle.index] : nullptr;
}

Result<std::string> Handles::fill(std::string_view text, Place place) const {
  std::string out;
  std::size_t copied = 0;
  for (auto handle = plugin::find_handle(text); handle; handle = plugin::find_handle(text, copied)) {
    const Entry* entry = find(*handle);
    if (!entry) return handle_error("the script passed on a handle that this operation did not give it");
    if (entry->kind == Kind::kCardData && place != Place::kBody)
      return handle_error("card data may be sent in a request's body only");
    if (place != Place::kQuery && !survives_unescaped(entry->secret.reveal()))
      return handle_error("a secret holds characters that cannot be passed on safely");
    out.append(text.substr(copied, handle->begin - copied)).append(entry->secret.reveal());
    copied = handle->begin + handle->size;
  }
  return out.append(text.substr(copied));
}

std::string Handles::shown_text(std::string text, bool reveal_secrets) const {
  const auto handle = plugin::find_handle(text);
  if (!handle) return redact(std::move(text));
  const Entry* entry = handle->size == text.size() ? find(*handle) : nullptr;
  if (!entry) return "[secret]";
  if (reveal_secrets && entry->kind == Kind::kReplySecret) return std::string(entry->secret.reveal());
  return std::string(shown_as(entry->kind));
}

void Handles::show_in(json::Value& value, bool reveal_secrets) const {
  if (std::string* text = value.string()) {
    *text = shown_text(std::move(*text), reveal_secrets);
  } else if (json::Array* array = value.array()) {
    for (json::Value& item : *array) show_in(item, reveal_secrets);
  } else if (json::Object* object = value.object()) {
    redact_keys(*object, [this](std::string& key) { return redact_in(key); });
    for (auto& [key, member] : *object) show_in(member, reveal_secrets);
  } else {
    redact_scalar(value, [this](std::string& number) { return redact_in(number); });
  }
}

json::Value Handles::shown(json::Value value, bool reveal_secrets) const {
  show_in(value, reveal_secrets);
  return value;
}

// A secret that comes again keeps its handle.
json::Value Handles::hide_text(const std::string& text) {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].kind == Kind::kReplySecret && entries_[i].secret.reveal() == text)
      return plugin::make_handle(nonce_, static_cast<std::uint32_t>(i));
  return entries_.size() < kMaxReplySecrets ? add(Kind::kReplySecret, text) : "[secret]";
}

bool Handles::redact_cards_in(std::string& text) const {
  bool found = false;
  for (const Entry& entry : entries_)
    if (entry.kind == Kind::kCardData) found |= redact_secret(text, entry.secret.reveal(), shown_as(entry.kind));
  return found;
}

void Handles::hide_in(json::Value& value, const std::vector<std::string>& keys) {
  if (json::Array* array = value.array()) {
    for (json::Value& item : *array) hide_in(item, keys);
  } else if (json::Object* object = value.object()) {
    for (auto& [key, member] : *object) {
      const std::string* text = member.string();
      const bool secret = text && !text->empty() && std::find(keys.begin(), keys.end(), key) != keys.end();
      if (secret)
        member = hide_text(*text);
      else
        hide_in(member, keys);
    }
  } else {
    redact_scalar(value, [this](std::string& text) { return redact_cards_in(text); });
  }
}

json::Value Handles::hide(json::Value value, const std::vector<std::string>& keys) {
  hide_in(value, keys);
  return value;
}

bool Handles::redact_in(std::string& text) const {
  bool found = false;
  for (const Entry& entry : entries_) found |= redact_secret(text, entry.secret.reveal(), shown_as(entry.kind));
  return found;
}

std::string Handles::redact(std::string text) const {
  redact_in(text);
  return text;
}

bool redact_secret(std::string& text, std::string_view secret, std::string_view by) {
  if (secret.size() < kShortestRedacted) return false;
  std::size_t at = text.find(secret);
  const bool found = at != std::string::npos;
  for (; at != std::string::npos; at = text.find(secret, at + by.size())) text.replace(at, secret.size(), by);
  return found;
}

}  // namespace till
