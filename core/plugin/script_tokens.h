// Tokens: the words, texts, numbers and signs of a script as Lua 5.4 reads it; comments are none. Inside the room only.
#pragma once

#include <string_view>
#include <vector>

namespace till::plugin {

struct ScriptToken {
  enum class Kind { kName, kNumber, kText, kSign };  // keywords are names
  Kind kind = Kind::kSign;
  std::string_view text;  // as it is written, the quotes of a text included; borrowed from the script
  int line = 0;           // on which it begins, from 1
};

// All of them, in one pass, and whatever the bytes are: a text that does not end goes to the end of the script.
std::vector<ScriptToken> tokens_of(std::string_view script);

}  // namespace till::plugin
