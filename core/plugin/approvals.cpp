// read_approvals(): strict, for a file that is half understood must not open a door.
#include "core/plugin/approvals.h"

#include <algorithm>
#include <system_error>

#include "core/base/ascii.h"
#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/plugin/format.h"
#include "core/plugin/manifest_node.h"
#include "core/plugin/plugin_file.h"

namespace till::plugin {
namespace {

constexpr std::size_t kMaxApprovalsBytes = 1 * kMiB;
constexpr std::size_t kKeyDigits = 64;

Status read_approval(const Node& node, Approval& out) {
  TILL_TRY(node.only({"key", "permissions"}));
  TILL_ASSIGN(const Node key, node.required("key"));
  TILL_ASSIGN(out.key, key.text());
  if (!is_hex(out.key) || out.key.size() != kKeyDigits) return key.error("must be 64 hexadecimal digits");
  out.key = to_lower(out.key);
  TILL_TRY(node.required("permissions"));
  TILL_ASSIGN(out.permissions,
              read_texts(node, "permissions", [](const Node&, const std::string&) { return Status(); }));
  std::sort(out.permissions.begin(), out.permissions.end());
  return {};
}

Status read_members(const Node& root, Approvals& out) {
  TILL_ASSIGN(const auto members, root.members());
  for (const auto& [id, node] : members) TILL_TRY(read_approval(node, out[id]));
  return {};
}

}  // namespace

Result<Approvals> read_approvals(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / kApprovalsFile;
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) return Approvals();
  TILL_ASSIGN(const std::string text, read_file(file, kMaxApprovalsBytes));
  auto document = json::parse(text);
  Approvals approvals;
  Status read = document.ok() ? read_members(Node(*document, "$"), approvals) : std::move(document).error();
  if (read.ok()) return approvals;
  return plugin_error("approvals", file.string() + ": " + read.error().message);
}

}  // namespace till::plugin
