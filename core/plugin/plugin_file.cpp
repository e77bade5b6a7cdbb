// read_file(): see plugin_file.h.
#include "core/plugin/plugin_file.h"

#include <fstream>
#include <system_error>

namespace till::plugin {

namespace fs = std::filesystem;

Error file_error(const fs::path& file, std::string_view problem) {
  return plugin_error("plugin_file", file.string() + ": " + std::string(problem) + ".");
}

// Reads at most one byte more than allowed, so that neither a huge file nor one that grows can fill the memory.
Result<std::string> read_file(const fs::path& file, std::size_t max_bytes) {
  std::error_code failure;
  if (!fs::is_regular_file(file, failure)) return file_error(file, "there is no such file");
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(max_bytes + 1, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (stream.bad() || (!stream.eof() && stream.fail())) return file_error(file, "cannot be read");
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  if (bytes.size() > max_bytes) return file_error(file, "is larger than " + std::to_string(max_bytes) + " bytes");
  return bytes;
}

}  // namespace till::plugin
