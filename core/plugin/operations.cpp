// The unified operations: the words that every provider shares. See manifest.h.
#include <algorithm>
#include <array>

#include "core/plugin/manifest.h"

namespace till::plugin {
namespace {

constexpr std::array<std::string_view, 19> kOperations = {"payments.create",
                                                          "payments.get",
                                                          "payments.list",
                                                          "payments.cancel",
                                                          "payments.accept",
                                                          "refunds.create",
                                                          "refunds.get",
                                                          "refunds.list",
                                                          "rates.get",
                                                          "rates.list",
                                                          "currencies.list",
                                                          "ledgers.list",
                                                          "ledgers.entries",
                                                          "cards.verify",
                                                          "cards.confirm",
                                                          "tokens.create",
                                                          "tokens.approve",
                                                          "webhooks.receive",
                                                          "check"};

constexpr std::array<std::string_view, 8> kWrites = {"payments.create", "payments.cancel", "payments.accept",
                                                     "refunds.create",  "cards.verify",    "cards.confirm",
                                                     "tokens.create",   "tokens.approve"};

}  // namespace

std::span<const std::string_view> known_operations() { return kOperations; }

bool is_known_operation(std::string_view operation) {
  return std::find(kOperations.begin(), kOperations.end(), operation) != kOperations.end();
}

bool is_write_operation(std::string_view operation) {
  return std::find(kWrites.begin(), kWrites.end(), operation) != kWrites.end();
}

}  // namespace till::plugin
