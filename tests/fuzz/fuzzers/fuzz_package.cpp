// libFuzzer's door to check_package().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/package_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_package({reinterpret_cast<const char*>(data), size});
  return 0;
}
