// libFuzzer's door to check_event_stream().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_event_stream({reinterpret_cast<const char*>(data), size});
  return 0;
}
