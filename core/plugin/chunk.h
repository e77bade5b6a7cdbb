// Chunk: a provider.lua as it was compiled, once for all of its runs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/limits.h"
#include "core/base/result.h"
#include "core/plugin/sandbox.h"

namespace till::plugin {

// The name that Lua gives to the script in messages.
inline constexpr const char* kScriptName = "=provider.lua";

// Shared by threads. The bytecode never changes and is only ever the compiler's own: scripts are read as text alone.
class Chunk {
 public:
  // Runs nothing. Errors: kPlugin, code "script_syntax" (with the line; or longer than `max_bytes`), or "script_memory"
  // when compiling takes more than kMaxCompileBytes.
  static Result<std::shared_ptr<const Chunk>> compile(std::string_view script, std::size_t max_bytes = kMaxScriptBytes);
  explicit Chunk(std::string bytecode) : bytecode_(std::move(bytecode)) {}

  std::string_view bytecode() const { return bytecode_; }
  // Sandboxes with this script loaded that wait for their next run.
  SandboxPool& sandboxes() const { return sandboxes_; }

 private:
  std::string bytecode_;
  mutable SandboxPool sandboxes_;
};

}  // namespace till::plugin
