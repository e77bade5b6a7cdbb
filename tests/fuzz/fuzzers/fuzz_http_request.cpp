// libFuzzer's door to check_http_request().
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/http_properties.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  till::fuzz::check_http_request({reinterpret_cast<const char*>(data), size});
  return 0;
}
