// Files: why one cannot be read, for the errors that name it.
#pragma once

#include <string>

namespace till {

// The system's words for why this process cannot read `path`: "No such file or directory", "Permission denied", "Is a
// directory"; empty when it can. For errors only: whoever reads a file finds out by reading it.
std::string why_unreadable(const std::string& path);

}  // namespace till
