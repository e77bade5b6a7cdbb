// The JSON reader: what it accepts, what it refuses, and where it says the fault is.
#include <gtest/gtest.h>

#include "core/json/json.h"

namespace till::json {
namespace {

Value parsed(std::string_view text) {
  auto result = parse(text);
  EXPECT_TRUE(result.ok()) << text << " -> " << result.error().message;
  return result.ok() ? *std::move(result) : Value();
}

TEST(Parse, keeps_the_text_of_every_number) {
  for (const char* text : {"0", "-0", "150.00", "1e400", "1E+2", "-0.0007", "123456789012345678901234567890", "1.0e-5"})
    EXPECT_EQ(parsed(text), Value(Number{text})) << text;
}

}  // namespace
}  // namespace till::json
