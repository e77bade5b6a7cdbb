// The table of unified operations: whole, consistent, and the one that the manifest's published schema names.
#include "core/plugin/operations.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/json/json.h"
#include "core/plugin/schema.h"

namespace till::plugin {
namespace {

const std::vector<std::string_view> kWrites = {"payments.create", "payments.cancel", "payments.accept",
                                               "refunds.create",  "cards.verify",    "cards.confirm",
                                               "tokens.create",   "tokens.approve"};
const std::vector<std::string_view> kReads = {"payments.get", "payments.list",   "payments.watch",   "refunds.get",
                                              "refunds.list", "rates.get",       "rates.list",       "currencies.list",
                                              "ledgers.list", "ledgers.entries", "webhooks.receive", "check"};

TEST(Operations, are_known_by_their_names) {
  for (const auto name : kWrites) EXPECT_TRUE(find_operation(name) && find_operation(name)->write) << name;
  for (const auto name : kReads) EXPECT_TRUE(find_operation(name) && !find_operation(name)->write) << name;
  EXPECT_EQ(unified_operations().size(), kWrites.size() + kReads.size());
  EXPECT_EQ(operation_names().size(), kWrites.size() + kReads.size());
  for (const char* unknown : {"", "payments", "payments.", "Payments.create", "native.getRates", "refunds.cancel"})
    EXPECT_EQ(find_operation(unknown), nullptr) << unknown;
}

TEST(Operations, have_schemas_that_the_validator_understands) {
  for (const UnifiedOperation& operation : unified_operations()) {
    for (const json::Value* schema : {&operation.input, &operation.output}) {
      if (schema->is_null()) continue;
      const Status good = check_schema(*schema, "$");
      EXPECT_TRUE(good.ok()) << operation.name << ": " << good.error().message;
    }
  }
}

TEST(Operations, give_reads_whole_that_shops_cannot_page_through) {
  for (const char* whole : {"refunds.list", "rates.list", "currencies.list", "ledgers.list", "ledgers.entries"})
    EXPECT_TRUE(is_given_whole(whole)) << whole;
  for (const char* other : {"payments.list", "payments.get", "tokens.approve", "webhooks.receive", "native.getRates"})
    EXPECT_FALSE(is_given_whole(other)) << other;
}

TEST(Operations, are_those_of_the_published_schema) {
  std::ifstream file(TILL_SOURCE_DIR "/docs/schemas/manifest.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto schema = json::parse(text);
  ASSERT_TRUE(schema.ok()) << schema.error().message;
  json::Array names;
  for (const auto name : operation_names()) names.emplace_back(name);
  EXPECT_EQ(*schema->find("$defs")->find("operation")->find("enum"), json::Value(names));
}

}  // namespace
}  // namespace till::plugin
