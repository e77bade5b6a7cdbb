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

json::Value Handles::shown(const json::Value& value, bool reveal_secrets) const {
  if (const std::string* text = value.string()) {
    const auto handle = plugin::find_handle(*text);
    if (!handle) return redact(*text);
    const Entry* entry = handle->size == text->size() ? find(*handle) : nullptr;
    if (!entry) return "[secret]";
    if (reveal_secrets && entry->kind == Kind::kReplySecret) return entry->secret.reveal();
    return shown_as(entry->kind);
  }
  if (const json::Number* number = value.number()) {
    std::string text = redact(number->text);
    return text == number->text ? value : json::Value(std::move(text));
  }
  if (const json::Array* array = value.array()) {
    json::Array out;
    for (const json::Value& item : *array) out.push_back(shown(item, reveal_secrets));
    return out;
  }
  if (const json::Object* object = value.object()) {
    json::Object out;
    for (const auto& [key, member] : *object) out.set(redact(key), shown(member, reveal_secrets));
    return out;
  }
  return value;
}

// A secret that comes again keeps its handle.
json::Value Handles::hide_text(const std::string& text) {
  for (std::size_t i = 0; i < entries_.size(); ++i)
    if (entries_[i].kind == Kind::kReplySecret && entries_[i].secret.reveal() == text)
      return plugin::make_handle(nonce_, static_cast<std::uint32_t>(i));
  return entries_.size() < kMaxReplySecrets ? add(Kind::kReplySecret, text) : "[secret]";
}

json::Value Handles::without_cards(json::Value value) const {
  const std::string* text = value.string() ? value.string() : value.number() ? &value.number()->text : nullptr;
  if (!text) return value;
  std::string shown = *text;
  for (const Entry& entry : entries_)
    if (entry.kind == Kind::kCardData) shown = redact_secret(std::move(shown), entry.secret.reveal(), "[card]");
  return shown == *text ? value : json::Value(std::move(shown));
}

json::Value Handles::hide(json::Value value, const std::vector<std::string>& keys) {
  if (json::Array* array = value.array()) {
    for (json::Value& item : *array) item = hide(std::move(item), keys);
    return value;
  }
  json::Object* object = value.object();
  if (!object) return without_cards(std::move(value));
  for (auto& [key, member] : *object) {
    const std::string* text = member.string();
    const bool secret = text && !text->empty() && std::find(keys.begin(), keys.end(), key) != keys.end();
    member = secret ? hide_text(*text) : hide(std::move(member), keys);
  }
  return value;
}

std::string Handles::redact(std::string text) const {
  for (const Entry& entry : entries_)
    text = redact_secret(std::move(text), entry.secret.reveal(), shown_as(entry.kind));
  return text;
}

std::string redact_secret(std::string text, std::string_view secret, std::string_view by) {
  if (secret.size() < kShortestRedacted) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + by.size()))
    text.replace(at, secret.size(), by);
  return text;
}

}  // namespace till
