// Finds the installed providers by asking the dynamic linker where this code came from.

#include "core/runtime/install_path.h"

#include <dlfcn.h>

#include <filesystem>
#include <string_view>
#include <system_error>

// From the folder of the library (or program) to the providers, and their absolute place; both given by CMake from the
// install folders in use.
#ifndef TILL_PROVIDERS_FROM_LIBDIR
#define TILL_PROVIDERS_FROM_LIBDIR "../share/till/providers"
#endif
#ifndef TILL_PROVIDERS_DIR
#define TILL_PROVIDERS_DIR ""
#endif

namespace till {
namespace {

namespace fs = std::filesystem;

// The file that this code was loaded from, links resolved; empty when it cannot be told.
fs::path own_file() {
  Dl_info info{};
  std::error_code error;
  const bool known = dladdr(reinterpret_cast<const void*>(&installed_provider_path), &info) != 0;
  // The linker knows the main program by its argv[0], which need not be a path.
  const std::string_view name = known && info.dli_fname != nullptr ? info.dli_fname : "";
  if (name.find('/') == std::string_view::npos) return fs::read_symlink("/proc/self/exe", error);
  return fs::canonical(name, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return !path.empty() && fs::is_directory(path, error);
}

}  // namespace

std::string installed_provider_path() {
  const fs::path file = own_file();
  if (!file.empty()) {
    const fs::path beside = (file.parent_path() / TILL_PROVIDERS_FROM_LIBDIR).lexically_normal();
    if (is_folder(beside)) return beside.string();
  }
  const fs::path configured = TILL_PROVIDERS_DIR;
  return is_folder(configured) ? configured.string() : std::string();
}

}  // namespace till
