// Gateway: the three ways to run an operation, all over the same Operation.
#include "core/runtime/gateway.h"

#include <future>
#include <utility>

#include "core/runtime/engine.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/gateway_memory.h"
#include "core/runtime/operation.h"

namespace till {

Result<std::shared_ptr<Gateway>> Gateway::open(std::shared_ptr<Runtime> runtime, std::string_view provider,
                                               std::string_view settings_json) {
  TILL_ASSIGN(auto plugin, runtime->provider(provider));
  TILL_ASSIGN(auto config, read_gateway_config(std::move(plugin), settings_json));
  return std::make_shared<Gateway>(Private(), std::move(runtime), std::move(config));
}

Gateway::Gateway(Private, std::shared_ptr<Runtime> runtime, std::unique_ptr<const GatewayConfig> config)
    : runtime_(std::move(runtime)), config_(std::move(config)), memory_(std::make_unique<GatewayMemory>()) {}

Gateway::~Gateway() = default;

const std::string& Gateway::provider() const { return config_->manifest().id; }
const std::string& Gateway::name() const { return config_->name; }
bool Gateway::test() const { return config_->test; }
const plugin::Manifest& Gateway::manifest() const { return config_->manifest(); }

Result<std::string> Gateway::call(std::string_view operation, std::string_view input_json) {
  if (Engine::on_own_thread())
    return Error{.kind = ErrorKind::kInternal,
                 .code = "call_in_callback",
                 .message = "a callback may not wait for another call: it would wait for itself; start it instead"};
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  start(operation, input_json, [&promise](Result<std::string> result) { promise.set_value(std::move(result)); });
  return future.get();
}

void Gateway::start(std::string_view operation, std::string_view input_json, Callback callback) {
  auto engine = runtime_->engine();
  if (!engine.ok()) return callback(std::move(engine).error());
  auto prepared = Operation::prepare(shared_from_this(), operation, input_json, (*engine)->store());
  if (!prepared.ok()) return callback(std::move(prepared).error());
  (*engine)->drive(std::move(prepared).value(), std::move(callback));
}

Result<std::unique_ptr<Exchange>> Gateway::begin(std::string_view operation, std::string_view input_json) {
  TILL_ASSIGN(auto engine, runtime_->engine());
  TILL_ASSIGN(auto prepared, Operation::prepare(shared_from_this(), operation, input_json, engine->store()));
  return std::make_unique<Exchange>(std::move(prepared), std::move(engine));
}

}  // namespace till
