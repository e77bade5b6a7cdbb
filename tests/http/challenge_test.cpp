// Which scheme a WWW-Authenticate field offers.
#include "core/http/challenge.h"

#include <gtest/gtest.h>

namespace till::http {
namespace {

bool offers_basic(std::string_view value) {
  return offers_scheme(Headers{{"www-authenticate", std::string(value)}}, "Basic");
}

TEST(Challenge, is_found_by_its_scheme) {
  for (const char* value :
       {"Basic realm=\"shop\"", "basic", "BASIC charset=\"UTF-8\"", "  Basic",
        "Digest realm=\"x\", nonce=\"y\", Basic realm=\"z\"", "Bearer, Basic", "Digest realm=\"a \\\" b, c\", Basic"})
    EXPECT_TRUE(offers_basic(value)) << value;
}

TEST(Challenge, is_not_found_where_only_its_letters_stand) {
  for (const char* value : {"", "Basics realm=\"x\"", "Bearer realm=\"Basic\"", "Digest realm=\"a, Basic b\"",
                            "Digest realm=\"a \\\", Basic\"", "Digest basic=\"x\"", "Digest realm=\", Basic"})
    EXPECT_FALSE(offers_basic(value)) << value;
}

TEST(Challenge, may_stand_in_any_of_several_fields) {
  const Headers headers{{"Content-Type", "Basic"}, {"WWW-Authenticate", "Bearer"}, {"WWW-Authenticate", "Basic"}};
  EXPECT_TRUE(offers_scheme(headers, "basic"));
  EXPECT_TRUE(offers_scheme(headers, "bearer"));
  EXPECT_FALSE(offers_scheme(headers, "digest"));
  EXPECT_FALSE(offers_scheme(Headers{{"Content-Type", "Basic"}}, "Basic"));
}

}  // namespace
}  // namespace till::http
