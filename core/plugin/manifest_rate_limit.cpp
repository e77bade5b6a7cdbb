// The header fields in which a provider says how often it may be asked.
#include "core/base/ascii.h"
#include "core/plugin/manifest_parts.h"

namespace till::plugin {
namespace {

Status read_optional_header_name(const Node& parent, std::string_view key, std::string& out) {
  const auto node = parent.find(key);
  if (!node) return {};
  TILL_ASSIGN(out, node->text());
  return is_token(out) ? Status() : node->error("must be a header name such as X-RateLimit-Reset");
}

Status read_reset_unit(const Node& parent, RateLimit& out) {
  TILL_ASSIGN(const Node node, parent.required("reset_unit"));
  TILL_ASSIGN(const std::string unit, node.text());
  if (unit != "epoch_seconds" && unit != "seconds") return node.error("must be `epoch_seconds` or `seconds`");
  out.reset_unit = unit == "seconds" ? RateLimit::ResetUnit::kSeconds : RateLimit::ResetUnit::kEpochSeconds;
  return {};
}

}  // namespace

Status read_rate_limit(const Node& root, Manifest& manifest) {
  const auto node = root.find("rate_limit");
  if (!node) return {};
  RateLimit& out = manifest.rate_limit;
  TILL_TRY(node->only({"limit_header", "remaining_header", "reset_header", "reset_unit"}));
  TILL_TRY(read_optional_header_name(*node, "limit_header", out.limit_header));
  TILL_TRY(read_optional_header_name(*node, "remaining_header", out.remaining_header));
  TILL_TRY(node->required("reset_header"));
  TILL_TRY(read_optional_header_name(*node, "reset_header", out.reset_header));
  return read_reset_unit(*node, out);
}

}  // namespace till::plugin
