// libFuzzer's door to check_manifest() and check_lint().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/package_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  till::fuzz::check_manifest(bytes);
  till::fuzz::check_lint(bytes);
  return 0;
}
