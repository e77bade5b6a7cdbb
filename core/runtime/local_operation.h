// Local operations: calls that ask the store and no provider. Every gateway has them, whatever its plugin can do.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/json/value.h"
#include "core/store/store.h"

namespace till {

class RefusalTransfer;
class Runtime;

// On whose behalf one is called.
struct LocalScope {
  std::shared_ptr<Runtime> runtime;  // whose store and whose clock
  std::string gateway{};             // only what is this gateway's; empty: of all
  // Hides secrets in text that is to be kept; empty: there are none to hide. Runs inside a transaction of the store, so
  // it takes no lock.
  std::function<std::string(std::string)> redact{};
  // Brings refused webhooks that were counted and not written yet; null: there are none.
  std::shared_ptr<RefusalTransfer> refusals{};
};

struct LocalOperation {
  std::string_view name;  // "events.take"
  bool changes;           // the store: runs in a transaction of its own
  json::Value input;      // schema (plugin/schema.h)
  // `input` was checked, and holds no null.
  Result<json::Value> (*run)(const LocalScope& scope, const json::Value& input, Store& store);
};

// All of them, always in the same order. Made at the first call, once per process; thread-safe.
std::span<const LocalOperation> local_operations();
// nullptr when that is no local operation.
const LocalOperation* find_local_operation(std::string_view name);

// Checks the input, runs the operation and calls back once with its output as JSON text, from here or from a thread of
// the runtime. kInvalidRequest with the place when the input is wrong.
void start_local(const LocalOperation& operation, LocalScope scope, std::string_view input_json,
                 std::function<void(Result<std::string>)> callback);

}  // namespace till
