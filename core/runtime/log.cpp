// Log: one write(2) for each line, so that lines of several threads and processes do not mix.
#include "core/runtime/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

namespace till {
namespace {

constexpr std::array<std::string_view, 3> kLevels{"debug", "info", "warn"};

std::size_t rank(std::string_view level) {
  return static_cast<std::size_t>(std::find(kLevels.begin(), kLevels.end(), level) - kLevels.begin());
}

}  // namespace

void write_log(std::string_view level, std::string_view subject, std::string_view text) {
  const char* wanted = std::getenv("TILL_LOG");  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
  if (!wanted || rank(wanted) == kLevels.size() || rank(level) < rank(wanted)) return;
  std::string line = "till: ";
  line.append(level).append(" ").append(subject).append(": ").append(text);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  line += '\n';
  // Nobody can be told that a log line was lost.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace till
