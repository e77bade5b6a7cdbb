// libFuzzer's door to check_webhook().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/webhook_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_webhook({reinterpret_cast<const char*>(data), size});
  return 0;
}
