// Randomness: getrandom(2), completed when a signal cuts it short.
#include "core/base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace till {

void fill_random(std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::getrandom(out.data(), out.size(), 0);
    if (got < 0) {
      if (errno == EINTR) continue;
      std::abort();
    }
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::uint8_t random_byte() {
  std::uint8_t byte = 0;
  fill_random({&byte, 1});
  return byte;
}

std::string random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  fill_random({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace till
