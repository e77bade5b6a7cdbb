// What each unified operation takes, checked before anything else happens.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/money/money.h"
#include "core/payment/payment.h"
#include "core/runtime/card.h"
#include "core/runtime/gateway_config.h"

namespace till {

struct OperationInput {
  json::Value value;  // checked, amounts normalised, defaults of `options` filled in; without idempotency_key and card
  json::Value options;  // as the caller gave them
  std::optional<Money> amount;
  std::string idempotency_key;           // empty when the caller gave none
  std::shared_ptr<const CardData> card;  // null when the caller gave none
};

// kUnsupported when the provider has no such operation (with the manifest's reason), kInvalidRequest with the place in
// `field` when the input is wrong. Nothing was sent.
Result<OperationInput> read_operation_input(const GatewayConfig& config, std::string_view operation,
                                            std::string_view input_json);

// The same for what a shop gives beside the idempotency key and the card: an object without nulls. Returns it as
// `value` has it.
Result<json::Value> read_input_members(const plugin::Manifest& manifest, std::string_view operation,
                                       json::Value members);

// The caller's JSON object, {} when there is none. kInvalidRequest when it is too large or no object.
Result<json::Value> parse_input(std::string_view input_json);
// Null means "not given", so that a caller may pass every parameter it has.
void drop_nulls(json::Object& input);

// "native.getRates" -> "getRates"; empty for unified operations.
std::string_view native_name(std::string_view operation);
// True when the operation may change something at the provider.
bool changes_something(const plugin::Manifest& manifest, std::string_view operation);

}  // namespace till
