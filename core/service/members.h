// Members: reads the members of one JSON object, each by its name; an object with others is refused.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::service {

// Each reader leaves `out` alone when the member is absent or null. Errors are kConfiguration with the place.
class Members {
 public:
  // kConfiguration when that is no object, or has a member that is not among `known`, with what was probably meant:
  // first of all, so that a slip of the pen is not told as the member that is missing. `value` must outlive this.
  static Result<Members> of(const json::Value& value, std::string place, std::initializer_list<std::string_view> known);

  Status text(std::string_view key, std::string& out) const;
  Status flag(std::string_view key, bool& out) const;
  Status count(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) const;
  Status count(std::string_view key, std::int64_t min, std::int64_t max, std::size_t& out) const;
  // One text or a list of them; "$.a.listen" or "$.a.listen[1]" is where each stands.
  Status texts(std::string_view key, std::vector<std::string>& out) const;
  // nullptr when it is absent or null.
  const json::Value* find(std::string_view key) const;
  std::string place_of(std::string_view key) const;
  const std::string& place() const { return place_; }
  const json::Object& object() const { return *object_; }

 private:
  Members(const json::Object* object, std::string place) : object_(object), place_(std::move(place)) {}
  const json::Object* object_;
  std::string place_;
};

// An error of a part of the configuration, seen from its root: "$.url" of a part at "$.handler" is "$.handler.url".
Error inside(Error error, const std::string& place);

}  // namespace till::service
