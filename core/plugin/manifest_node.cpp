// Node: see manifest_node.h.
#include "core/plugin/manifest_node.h"

#include <algorithm>
#include <span>

#include "core/base/ascii.h"
#include "core/json/path.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

constexpr std::size_t kMaxTextBytes = 2048;
// Lists are searched for twins pair by pair.
constexpr std::size_t kMaxListSize = 1000;

}  // namespace

Error Node::error(std::string_view problem) const {
  Error out = plugin_error("manifest", sentence(path_, problem));
  out.field = path_;
  return out;
}

Status Node::only(std::initializer_list<std::string_view> keys) const {
  if (value_->object() == nullptr) return error("must be an object");
  const std::span<const std::string_view> known(keys.begin(), keys.size());
  for (const auto& [key, value] : *value_->object()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string help = did_you_mean(key, known);
    return Node(value, json::member_path(path_, key))
        .error("unknown member" + (help.empty() ? "; allowed: " + any_of(known) : help));
  }
  return {};
}

std::optional<Node> Node::find(std::string_view key) const {
  const json::Value* member = value_->find(key);
  if (member == nullptr) return std::nullopt;
  return Node(*member, json::member_path(path_, key));
}

Result<Node> Node::required(std::string_view key) const {
  if (auto member = find(key)) return *std::move(member);
  return Node(*value_, json::member_path(path_, key)).error("is required");
}

Result<std::string> Node::text() const {
  const std::string* text = value_->string();
  if (text == nullptr || text->empty()) return error("must be text that is not empty");
  if (text->size() > kMaxTextBytes) return error("is longer than " + std::to_string(kMaxTextBytes) + " bytes");
  if (std::any_of(text->begin(), text->end(), is_control)) return error("must not hold control characters");
  return *text;
}

Result<bool> Node::flag(std::string_view key) const {
  const auto member = find(key);
  if (!member) return false;
  if (const bool* value = member->value_->boolean()) return *value;
  return member->error("must be true or false");
}

Result<std::vector<Node>> Node::elements() const {
  const json::Array* array = value_->array();
  if (array == nullptr) return error("must be a list");
  if (array->size() > kMaxListSize) return error("has more than " + std::to_string(kMaxListSize) + " elements");
  std::vector<Node> out;
  for (const json::Value& element : *array) out.emplace_back(element, json::element_path(path_, out.size()));
  return out;
}

Result<std::vector<std::pair<std::string, Node>>> Node::members() const {
  const json::Object* object = value_->object();
  if (object == nullptr) return error("must be an object");
  std::vector<std::pair<std::string, Node>> out;
  for (const auto& [key, value] : *object) out.emplace_back(key, Node(value, json::member_path(path_, key)));
  return out;
}

}  // namespace till::plugin
