// Approvals: what the owner of a shop agreed that each packaged plugin may touch. See docs/packages.md.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace till::plugin {

struct Approval {
  std::string key;                       // the signer's, 64 hex digits
  std::vector<std::string> permissions;  // sorted, as permissions_of() has them
};

// By id of the plugin.
using Approvals = std::map<std::string, Approval, std::less<>>;

inline constexpr std::string_view kApprovalsFile = "approvals.json";

// {"acme": {"key": "9d61...", "permissions": ["host api.acme.example", ...]}, ...}; none when there is no file.
// Errors: kPlugin, code "approvals": a file that says something else approves nothing.
Result<Approvals> read_approvals(const std::filesystem::path& folder);

}  // namespace till::plugin
