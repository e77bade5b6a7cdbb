// How a provider's errors are told apart: rules on replies, and where its own words stand.
#include <algorithm>
#include <array>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_parts.h"
#include "core/plugin/suggest.h"

namespace till::plugin {
namespace {

// What a reply can mean. The other kinds are the core's own to say.
constexpr std::array<std::string_view, 9> kReplyKinds = {"InvalidRequest",   "Unsupported", "AuthenticationError",
                                                         "PermissionDenied", "NotFound",    "Conflict",
                                                         "RateLimited",      "Blocked",     "ProviderError"};

Status check_pointer(const Node& node, std::string_view pointer) {
  return is_json_pointer(pointer) ? Status() : node.error("must be a JSON pointer such as /error/message");
}

Result<int> read_status(const Node& node) {
  const auto status = node.value().as_integer();
  if (status && *status >= 100 && *status <= 599) return static_cast<int>(*status);
  return node.error("must be an HTTP status from 100 to 599, or two of them as a range");
}

Status read_status_condition(const Node& node, ErrorRule& rule) {
  if (node.value().array() == nullptr) {
    TILL_ASSIGN(rule.status, read_status(node));
    return {};
  }
  TILL_ASSIGN(const auto range, node.elements());
  if (range.size() != 2) return node.error("a range has two ends, such as [500, 599]");
  TILL_ASSIGN(const int low, read_status(range[0]));
  TILL_ASSIGN(const int high, read_status(range[1]));
  if (low > high) return node.error("the range must begin with its lower end");
  rule.status_range = {low, high};
  return {};
}

Status read_equals(const Node& node, ErrorRule& rule) {
  TILL_ASSIGN(const auto members, node.members());
  if (members.empty()) return node.error("must name at least one place");
  for (const auto& [pointer, expected] : members) {
    TILL_TRY(check_pointer(expected, pointer));
    if (expected.value().array() != nullptr || expected.value().object() != nullptr)
      return expected.error("must be null, true, false, a number or text");
    rule.equals.emplace_back(pointer, expected.value());
  }
  return {};
}

Result<PointerRange> read_range(const std::string& pointer, const Node& node) {
  TILL_TRY(check_pointer(node, pointer));
  TILL_ASSIGN(const auto ends, node.elements());
  if (ends.size() != 2) return node.error("a range has two ends, such as [400, 599]");
  const auto low = ends[0].value().as_integer();
  const auto high = ends[1].value().as_integer();
  if (!low || !high) return node.error("the ends of a range are integers");
  if (*low > *high) return node.error("the range must begin with its lower end");
  return PointerRange{pointer, *low, *high};
}

Status read_ranges(const Node& node, ErrorRule& rule) {
  TILL_ASSIGN(const auto members, node.members());
  if (members.empty()) return node.error("must name at least one place");
  for (const auto& [pointer, ends] : members) {
    TILL_ASSIGN(PointerRange range, read_range(pointer, ends));
    rule.ranges.push_back(std::move(range));
  }
  return {};
}

Status read_kind(const Node& node, ErrorRule& rule) {
  TILL_ASSIGN(const Node kind, node.required("kind"));
  TILL_ASSIGN(const std::string name, kind.text());
  const auto known = error_kind_from_name(name);
  if (!known || std::find(kReplyKinds.begin(), kReplyKinds.end(), name) == kReplyKinds.end()) {
    const std::string help = did_you_mean(name, kReplyKinds);
    return kind.error("must be one of " + any_of(kReplyKinds) + help);
  }
  rule.kind = *known;
  return {};
}

Status read_rule(const Node& node, ErrorRule& rule) {
  TILL_TRY(node.only({"status", "equals", "truthy", "range", "kind", "retryable"}));
  if (const auto status = node.find("status")) TILL_TRY(read_status_condition(*status, rule));
  if (const auto equals = node.find("equals")) TILL_TRY(read_equals(*equals, rule));
  TILL_ASSIGN(rule.truthy, read_texts(node, "truthy", check_pointer));
  if (const auto range = node.find("range")) TILL_TRY(read_ranges(*range, rule));
  if (!node.find("status") && rule.equals.empty() && rule.truthy.empty() && rule.ranges.empty())
    return node.error("needs a condition: `status`, `equals`, `truthy` or `range`");
  TILL_TRY(read_kind(node, rule));
  TILL_ASSIGN(rule.retryable, node.flag("retryable"));
  return {};
}

Status read_rules(const Node& errors, ErrorMap& out) {
  const auto rules = errors.find("rules");
  if (!rules) return {};
  TILL_ASSIGN(const auto elements, rules->elements());
  for (const Node& element : elements) TILL_TRY(read_rule(element, out.rules.emplace_back()));
  return {};
}

}  // namespace

Status read_errors(const Node& root, Manifest& manifest) {
  const auto errors = root.find("errors");
  if (!errors) return {};
  ErrorMap& out = manifest.errors;
  TILL_TRY(errors->only({"rules", "message", "code", "field", "fields", "request_id", "request_id_header"}));
  TILL_TRY(read_rules(*errors, out));
  TILL_ASSIGN(out.message, read_texts(*errors, "message", check_pointer));
  TILL_ASSIGN(out.code, read_texts(*errors, "code", check_pointer));
  TILL_ASSIGN(out.field, read_texts(*errors, "field", check_pointer));
  TILL_ASSIGN(out.fields, read_texts(*errors, "fields", check_pointer));
  TILL_ASSIGN(out.request_id, read_texts(*errors, "request_id", check_pointer));
  const auto header = errors->find("request_id_header");
  if (!header || header->value() == json::Value("")) return {};
  TILL_ASSIGN(out.request_id_header, header->text());
  return is_token(out.request_id_header) ? Status() : header->error("must be a header name such as X-Request-Id");
}

}  // namespace till::plugin
