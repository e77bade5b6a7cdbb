// The unified operations: the words that every provider shares, what each takes, and what a provider's function for it
// returns. The one table of them; docs/schemas and docs/host-api.md describe the same for people.
#pragma once

#include <span>
#include <string_view>

#include "core/json/value.h"

namespace till::plugin {

enum class CardUse { kNone, kOptional, kRequired };

struct UnifiedOperation {
  std::string_view name;  // "payments.create"
  bool write;             // may change something at the provider, so it has an idempotency key
  CardUse card;
  // Schemas (schema.h). The input has, beside these members, `options`, `card` and `idempotency_key`, and what the
  // manifest declares; null: it is not called by shops.
  json::Value input;
  json::Value output;
};

// All of them, always in the same order. Made at the first call, once per process; thread-safe.
std::span<const UnifiedOperation> unified_operations();
std::span<const std::string_view> operation_names();
// nullptr when there is no such operation.
const UnifiedOperation* find_operation(std::string_view name);
// A read whose list is given to shops whole: they cannot ask for a page of it, so the core goes through them.
bool is_given_whole(std::string_view name);

}  // namespace till::plugin
