#include "core/base/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace till {

std::string why_unreadable(const std::string& path) {
  int why = 0;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a FIFO is not waited for
  if (file < 0) why = errno;
  char byte = 0;
  if (file >= 0 && ::read(file, &byte, 1) < 0) why = errno;  // a folder can be opened
  if (file >= 0) ::close(file);
  return why == 0 ? std::string() : std::error_code(why, std::generic_category()).message();
}

}  // namespace till
