// libFuzzer's door to check_script().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/script_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_script({reinterpret_cast<const char*>(data), size});
  return 0;
}
