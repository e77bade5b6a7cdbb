#include "core/service/members.h"

#include <algorithm>

#include "core/json/path.h"
#include "core/plugin/suggest.h"

namespace till::service {

Result<Members> Members::of(const json::Value& value, std::string place,
                            std::initializer_list<std::string_view> known) {
  if (!value.object()) return configuration_error(place, "expected an object, not " + std::string(value.type_name()));
  for (const auto& [key, member] : *value.object()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return configuration_error(json::member_path(place, key), "unknown member" + plugin::did_you_mean(key, known) +
                                                                  "; there are " + plugin::any_of(known));
  }
  return Members(value.object(), std::move(place));
}

std::string Members::place_of(std::string_view key) const { return json::member_path(place_, key); }

const json::Value* Members::find(std::string_view key) const {
  const json::Value* value = object_->find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Status Members::text(std::string_view key, std::string& out) const {
  const json::Value* value = find(key);
  if (value == nullptr) return {};
  if (!value->string()) return configuration_error(place_of(key), "expected text");
  out = *value->string();
  return {};
}

Status Members::flag(std::string_view key, bool& out) const {
  const json::Value* value = find(key);
  if (value == nullptr) return {};
  if (!value->boolean()) return configuration_error(place_of(key), "expected true or false");
  out = *value->boolean();
  return {};
}

Status Members::count(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t& out) const {
  const json::Value* value = find(key);
  if (value == nullptr) return {};
  const auto number = value->as_integer();
  if (!number || *number < min || *number > max)
    return configuration_error(place_of(key),
                               "expected an integer from " + std::to_string(min) + " to " + std::to_string(max));
  out = *number;
  return {};
}

Status Members::count(std::string_view key, std::int64_t min, std::int64_t max, std::size_t& out) const {
  auto number = static_cast<std::int64_t>(out);
  TILL_TRY(count(key, min, max, number));
  out = static_cast<std::size_t>(number);
  return {};
}

Status Members::texts(std::string_view key, std::vector<std::string>& out) const {
  const json::Value* value = find(key);
  if (value == nullptr) return {};
  if (value->string()) {
    out.push_back(*value->string());
    return {};
  }
  if (!value->array()) return configuration_error(place_of(key), "expected text or a list of texts");
  for (std::size_t i = 0; i < value->array()->size(); ++i) {
    const json::Value& one = (*value->array())[i];
    if (!one.string()) return configuration_error(json::element_path(place_of(key), i), "expected text");
    out.push_back(*one.string());
  }
  return {};
}

Error inside(Error error, const std::string& place) {
  const std::string below = error.field.starts_with('$') ? error.field.substr(1) : error.field;
  if (below.empty())
    error.field = place;
  else
    error.field = place + (below.front() == '.' || below.front() == '[' ? "" : ".") + below;
  return error;
}

}  // namespace till::service
