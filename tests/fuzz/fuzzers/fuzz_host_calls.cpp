// libFuzzer's door to check_host_calls().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/script_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_host_calls({reinterpret_cast<const char*>(data), size});
  return 0;
}
