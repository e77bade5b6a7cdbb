// libFuzzer's door to check_script() and check_script_lint().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/package_properties.h"
#include "tests/fuzz/script_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  till::fuzz::check_script(bytes);
  till::fuzz::check_script_lint(bytes);
  return 0;
}
