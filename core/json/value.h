// Value: an owned JSON value whose numbers keep the text they were written with, and whose objects keep their order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace till::json {

class Value;

// A JSON number as text, e.g. "150.00". No arithmetic and no conversion to a binary float exist on purpose.
struct Number {
  std::string text;
  bool operator==(const Number&) const = default;
};

using Array = std::vector<Value>;

// Members in the order in which they were written or set. Look-up is linear: payment objects are small.
class Object {
 public:
  using Member = std::pair<std::string, Value>;
  using Iterator = std::vector<Member>::iterator;
  using ConstIterator = std::vector<Member>::const_iterator;

  Object();
  struct Listed;
  // Of two members with the same key the last one counts.
  Object(std::initializer_list<Listed> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();

  // The member's value, or nullptr. Stays valid until the object changes.
  const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // Replaces the member or appends it.
  void set(std::string_view key, Value value);
  // Appends without looking whether the key is there, for callers who know that it is not.
  void append(std::string key, Value value);
  // True when a member was removed.
  bool erase(std::string_view key);
  template <class Test>
  void erase_if(Test test) {
    std::erase_if(members_, test);
  }

  bool empty() const;
  std::size_t size() const;
  void reserve(std::size_t count);
  ConstIterator begin() const;
  ConstIterator end() const;
  Iterator begin();
  Iterator end();
  // The members in the order of their names. Good until the object changes.
  std::vector<const Member*> by_name() const;
  // The same members with equal values, whatever their order.
  bool operator==(const Object&) const;

 private:
  friend class Parser;
  std::vector<Member> members_;
};

class Value {
 public:
  Value() = default;                                            // null
  Value(std::nullptr_t) {}                                      // NOLINT(google-explicit-constructor)
  Value(bool value) : data_(value) {}                           // NOLINT(google-explicit-constructor)
  Value(Number value) : data_(std::move(value)) {}              // NOLINT(google-explicit-constructor)
  Value(std::string value) : data_(std::move(value)) {}         // NOLINT(google-explicit-constructor)
  Value(std::string_view value) : data_(std::string(value)) {}  // NOLINT(google-explicit-constructor)
  Value(const char* value) : data_(std::string(value)) {}       // NOLINT(google-explicit-constructor)
  Value(Array value) : data_(std::move(value)) {}               // NOLINT(google-explicit-constructor)
  Value(Object value) : data_(std::move(value)) {}              // NOLINT(google-explicit-constructor)
  Value(double) = delete;                                       // money and JSON never pass a binary float
  static Value integer(std::int64_t value) { return Number{std::to_string(value)}; }

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(data_); }
  const bool* boolean() const { return std::get_if<bool>(&data_); }
  const Number* number() const { return std::get_if<Number>(&data_); }
  const std::string* string() const { return std::get_if<std::string>(&data_); }
  const Array* array() const { return std::get_if<Array>(&data_); }
  const Object* object() const { return std::get_if<Object>(&data_); }
  std::string* string() { return std::get_if<std::string>(&data_); }
  Array* array() { return std::get_if<Array>(&data_); }
  Object* object() { return std::get_if<Object>(&data_); }

  // Short look-ups for objects: nullptr / nullopt when this is no object, the member is missing or has another type.
  const Value* find(std::string_view key) const;
  std::optional<std::string_view> find_string(std::string_view key) const;
  std::optional<bool> find_bool(std::string_view key) const;
  std::optional<std::int64_t> find_integer(std::string_view key) const;
  // An integer number that fits, else nullopt ("1.0" and "1e2" are not integers).
  std::optional<std::int64_t> as_integer() const;
  // "null", "boolean", "number", "string", "array", "object".
  std::string_view type_name() const;

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::nullptr_t, bool, Number, std::string, Array, Object> data_;
};

// A member as it stands in a braced list, whose value is moved out.
struct Object::Listed {
  std::string_view key;
  mutable Value value;
};

// Here, because they need Value to be complete.
inline Object::Object() = default;
inline Object::Object(const Object&) = default;
inline Object::Object(Object&&) noexcept = default;
inline Object& Object::operator=(const Object&) = default;
inline Object& Object::operator=(Object&&) noexcept = default;
inline Object::~Object() = default;
inline bool Object::empty() const { return members_.empty(); }
inline std::size_t Object::size() const { return members_.size(); }
inline void Object::reserve(std::size_t count) { members_.reserve(count); }
inline void Object::append(std::string key, Value value) { members_.emplace_back(std::move(key), std::move(value)); }
inline Object::ConstIterator Object::begin() const { return members_.begin(); }
inline Object::ConstIterator Object::end() const { return members_.end(); }
inline Object::Iterator Object::begin() { return members_.begin(); }
inline Object::Iterator Object::end() { return members_.end(); }

// The string under `key`; empty when there is none.
std::string text_of(const Value& value, std::string_view key);
// null for a text that is empty.
Value text_or_null(const std::string& text);

}  // namespace till::json
