// Log: lines for people on standard error, as much as $TILL_LOG asks for: "debug", "info" or "warn"; nothing by
// default.
#pragma once

#include <string_view>

namespace till {

// Writes "till: LEVEL SUBJECT: TEXT" in one piece when the level is asked for. The text must hold no secret. Any
// thread.
void write_log(std::string_view level, std::string_view subject, std::string_view text);

}  // namespace till
