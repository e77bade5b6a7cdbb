// Chunk: a provider.lua as it was compiled, once for all of its runs.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/result.h"

namespace till::plugin {

// The name that Lua gives to the script in messages.
inline constexpr const char* kScriptName = "=provider.lua";

// Immutable; shared by threads. The bytecode is only ever the compiler's own: scripts are read as text alone.
class Chunk {
 public:
  // Runs nothing. Errors: kPlugin, code "script_syntax" (with the line), or "script_memory" when compiling takes more
  // than kMaxCompileBytes.
  static Result<std::shared_ptr<const Chunk>> compile(std::string_view script);
  explicit Chunk(std::string bytecode) : bytecode_(std::move(bytecode)) {}

  std::string_view bytecode() const { return bytecode_; }

 private:
  std::string bytecode_;
};

}  // namespace till::plugin
