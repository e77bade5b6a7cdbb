// Value and Object: see value.h.
#include "core/json/value.h"

#include <algorithm>
#include <charconv>

namespace till::json {
namespace {

// Above this many members, comparing sorts instead of searching, so that a hostile document cannot make it slow.
constexpr std::size_t kLinearLookup = 16;

}  // namespace

Object::Object(std::initializer_list<Listed> members) {
  members_.reserve(members.size());
  for (const Listed& member : members) set(member.key, std::move(member.value));
}

const Value* Object::find(std::string_view key) const {
  for (const auto& [name, value] : members_)
    if (name == key) return &value;
  return nullptr;
}

Value* Object::find(std::string_view key) {
  for (auto& [name, value] : members_)
    if (name == key) return &value;
  return nullptr;
}

void Object::set(std::string_view key, Value value) {
  if (Value* present = find(key))
    *present = std::move(value);
  else
    members_.emplace_back(std::string(key), std::move(value));
}

bool Object::erase(std::string_view key) {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.first == key; });
  if (found == members_.end()) return false;
  members_.erase(found);
  return true;
}

std::vector<const Object::Member*> Object::by_name() const {
  std::vector<const Member*> members;
  members.reserve(size());
  for (const Member& member : members_) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  return members;
}

bool Object::operator==(const Object& other) const {
  if (size() != other.size()) return false;
  if (size() <= kLinearLookup) {
    return std::all_of(begin(), end(), [&](const Member& member) {
      const Value* value = other.find(member.first);
      return value != nullptr && *value == member.second;
    });
  }
  const auto ours = by_name();
  const auto theirs = other.by_name();
  return std::equal(ours.begin(), ours.end(), theirs.begin(), [](const auto* a, const auto* b) { return *a == *b; });
}

const Value* Value::find(std::string_view key) const {
  const Object* members = object();
  return members == nullptr ? nullptr : members->find(key);
}

std::optional<std::string_view> Value::find_string(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->string() == nullptr) return std::nullopt;
  return *value->string();
}

std::optional<bool> Value::find_bool(std::string_view key) const {
  const Value* value = find(key);
  if (value == nullptr || value->boolean() == nullptr) return std::nullopt;
  return *value->boolean();
}

std::optional<std::int64_t> Value::find_integer(std::string_view key) const {
  const Value* value = find(key);
  return value == nullptr ? std::nullopt : value->as_integer();
}

std::optional<std::int64_t> Value::as_integer() const {
  if (number() == nullptr) return std::nullopt;
  const std::string& text = number()->text;
  const char* const end = text.data() + text.size();
  std::int64_t value = 0;
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::string_view Value::type_name() const {
  static constexpr std::string_view kNames[] = {"null", "boolean", "number", "string", "array", "object"};
  return kNames[data_.index()];
}

std::string text_of(const Value& value, std::string_view key) {
  return std::string(value.find_string(key).value_or(std::string_view()));
}

Value text_or_null(const std::string& text) { return text.empty() ? Value() : Value(text); }

}  // namespace till::json
