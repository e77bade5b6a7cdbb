// libFuzzer's door to check_manifest().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_manifest({reinterpret_cast<const char*>(data), size});
  return 0;
}
