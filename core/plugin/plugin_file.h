// Reading one file of a plugin. Inside the room only.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace till::plugin {

// kPlugin, code "plugin_file", with the file's path in the message.
Error file_error(const std::filesystem::path& file, std::string_view problem);

// All of the file, which may have at most `max_bytes`.
Result<std::string> read_file(const std::filesystem::path& file, std::size_t max_bytes);

}  // namespace till::plugin
