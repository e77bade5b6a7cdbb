// Node: see scheme_node.h.
#include "core/webhook/scheme_node.h"

#include <algorithm>

#include "core/json/path.h"

namespace till::webhook {
namespace {

constexpr std::size_t kMaxText = 255;
constexpr std::int64_t kMaxSeconds = 366 * 24 * 3600;

}  // namespace

Error Node::error(std::string_view problem) const {
  return {.kind = ErrorKind::kConfiguration,
          .code = "webhook_scheme",
          .message = path_ + ": " + std::string(problem),
          .field = path_};
}

Status Node::only(std::initializer_list<std::string_view> keys) const {
  if (!value_->object()) return error("must be an object");
  for (const auto& [key, value] : *value_->object())
    if (std::find(keys.begin(), keys.end(), key) == keys.end())
      return Node(value, json::member_path(path_, key)).error("unknown member");
  return {};
}

std::optional<Node> Node::find(std::string_view key) const {
  const json::Value* member = value_->find(key);
  if (!member) return std::nullopt;
  return Node(*member, json::member_path(path_, key));
}

Result<Node> Node::required(std::string_view key) const {
  auto member = find(key);
  if (!member) return error("the member `" + std::string(key) + "` is missing");
  return *std::move(member);
}

Result<std::string> Node::text() const {
  const std::string* text = value_->string();
  if (!text || text->empty() || text->size() > kMaxText) return error("must be text of 1 to 255 bytes");
  return *text;
}

Result<std::string> Node::text_of(std::string_view key, std::string_view otherwise) const {
  const auto member = find(key);
  if (!member) return std::string(otherwise);
  return member->text();
}

Result<char> Node::character_of(std::string_view key, char otherwise) const {
  const auto member = find(key);
  if (!member) return otherwise;
  TILL_ASSIGN(const std::string text, member->text());
  if (text.size() != 1) return member->error("must be one character");
  return text.front();
}

Result<bool> Node::flag(std::string_view key) const {
  const auto member = find(key);
  if (!member) return false;
  if (!member->value().boolean()) return member->error("must be true or false");
  return *member->value().boolean();
}

Result<std::int64_t> Node::seconds(std::string_view key) const {
  TILL_ASSIGN(const Node member, required(key));
  const auto seconds = member.value().as_integer();
  if (!seconds || *seconds < 0 || *seconds > kMaxSeconds) return member.error("must be seconds, from 0 to a year");
  return *seconds;
}

Result<std::vector<Node>> Node::elements() const {
  if (!value_->array()) return error("must be a list");
  std::vector<Node> out;
  for (std::size_t i = 0; i < value_->array()->size(); ++i)
    out.emplace_back((*value_->array())[i], json::element_path(path_, i));
  return out;
}

}  // namespace till::webhook
