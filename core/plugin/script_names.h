// Names: which globals a script uses, where, as its compiler saw them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace till::plugin {

struct ScriptName {
  enum class Use {
    kRead,      // "http.get" or "helper": a global, with the field that is taken from it at once
    kAssigned,  // "helper": a global is set
    kMethod,    // "format": a method is called on something
  };
  std::string name;
  int line = 0;
  Use use = Use::kRead;
};

// In the order of the code. `bytecode` is that of a Chunk; of anything else, or of another version of Lua, nothing is
// said. Runs nothing.
std::vector<ScriptName> names_in(std::string_view bytecode);

}  // namespace till::plugin
