// Members: reads the members of one JSON object, each by its name, and finds those that nobody asked for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"

namespace till::service {

// Each reader leaves `out` alone when the member is absent or null. Errors are kConfiguration with the place.
class Members {
 public:
  // kConfiguration when that is no object. `value` must outlive this.
  static Result<Members> of(const json::Value& value, std::string place);

  Status text(std::string_view key, std::string& out);
  Status flag(std::string_view key, bool& out);
  Status count(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out);
  Status count(std::string_view key, std::int64_t min, std::int64_t max, std::size_t& out);
  // One text or a list of them; "$.a.listen" or "$.a.listen[1]" is where each stands.
  Status texts(std::string_view key, std::vector<std::string>& out);
  // nullptr when it is absent or null.
  const json::Value* find(std::string_view key);
  std::string place_of(std::string_view key) const;
  const std::string& place() const { return place_; }
  const json::Object& object() const { return *object_; }
  // The error about the first member that no one asked for, with what was probably meant.
  Status finish() const;

 private:
  Members(const json::Object* object, std::string place) : object_(object), place_(std::move(place)) {}
  const json::Object* object_;
  std::string place_;
  std::vector<std::string_view> asked_;
};

}  // namespace till::service
