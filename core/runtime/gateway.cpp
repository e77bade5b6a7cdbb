// Gateway: the three ways to run an operation, all over the same Operation.
#include "core/runtime/gateway.h"

#include <exception>
#include <future>
#include <mutex>
#include <utility>

#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/gateway_memory.h"
#include "core/runtime/local_operation.h"
#include "core/runtime/log.h"
#include "core/runtime/operation.h"
#include "core/runtime/reconcile.h"
#include "core/runtime/settle.h"

namespace till {
namespace {

constexpr std::string_view kReconcile = "reconcile";
constexpr std::string_view kSettle = "settle";

Status check_callable(std::string_view operation) {
  if (operation != "payments.watch") return {};
  return Error{.kind = ErrorKind::kUnsupported,
               .code = "unsupported",
               .message = "payments.watch is no call with one answer: open a watch"};
}

// What goes wrong on whichever thread this runs is told to the one who waits for the call.
Result<std::unique_ptr<Operation>> try_prepare(std::shared_ptr<Gateway> gateway, std::string_view operation,
                                               std::string_view input_json, StoreQueue& store) {
  try {
    return Operation::prepare(std::move(gateway), operation, input_json, store);
  } catch (const std::exception& failed) {
    return internal_error(std::string("the operation could not be begun: ") + failed.what());
  }
}

}  // namespace

Result<std::shared_ptr<Gateway>> Gateway::open(std::shared_ptr<Runtime> runtime, std::string_view provider,
                                               std::string_view settings_json) {
  const std::uint64_t generation = runtime->plugin_generation();
  TILL_ASSIGN(auto plugin, runtime->provider(provider, pinned_version(settings_json)));
  TILL_ASSIGN(auto config, read_gateway_config(std::move(plugin), settings_json));
  auto gateway = std::make_shared<Gateway>(Private(), runtime, std::move(config), settings_json, generation);
  TILL_TRY(runtime->know(gateway));
  return gateway;
}

Gateway::Gateway(Private, std::shared_ptr<Runtime> runtime, std::shared_ptr<const GatewayConfig> config,
                 std::string_view settings_json, std::uint64_t generation)
    : runtime_(std::move(runtime)),
      provider_(config->manifest().id),
      name_(config->name),
      account_(config->account),
      test_(config->test),
      settings_(settings_json),
      config_(std::move(config)),
      generation_(generation),
      memory_(std::make_unique<GatewayMemory>()) {}

Gateway::~Gateway() = default;

std::string Gateway::plugin_version() { return config()->manifest().version; }

std::shared_ptr<const GatewayConfig> Gateway::config() {
  std::unique_lock lock(fork_mutex());
  const std::uint64_t generation = runtime_->plugin_generation();
  const std::shared_ptr<const GatewayConfig> now = config_;
  if (generation_ == generation) return now;
  lock.unlock();
  std::shared_ptr<const GatewayConfig> newest = newest_config(now);
  lock.lock();
  if (generation_ < generation) {  // else another thread was faster
    generation_ = generation;
    config_ = std::move(newest);
    others_.clear();
  }
  return config_;
}

std::shared_ptr<const GatewayConfig> Gateway::newest_config(const std::shared_ptr<const GatewayConfig>& now) {
  auto plugin = runtime_->provider(provider_, now->pinned_version);
  if (!plugin.ok() || *plugin == now->plugin) return now;
  const std::string version = (*plugin)->manifest.version;
  auto config = read_gateway_config(*std::move(plugin), settings_.reveal());
  if (config.ok() && (*config)->name == name_ && (*config)->test == test_) return std::move(config).value();
  const std::string why = config.ok() ? "they would be another account" : config.error().message;
  write_log("warn", name_,
            "stays with plugin version " + now->manifest().version + ": its settings are no good for " + version +
                ": " + now->redact(why));
  return now;
}

std::shared_ptr<const GatewayConfig> Gateway::config_for(const std::string& version) {
  std::unique_lock lock(fork_mutex());
  const std::uint64_t generation = generation_;
  if (const auto known = others_.find(version); known != others_.end()) return known->second;
  lock.unlock();
  std::shared_ptr<const GatewayConfig> other;
  if (auto plugin = runtime_->provider(provider_, version); plugin.ok()) {
    auto config = read_gateway_config(*std::move(plugin), settings_.reveal());
    if (config.ok() && (*config)->name == name_ && (*config)->test == test_) other = std::move(config).value();
  }
  lock.lock();
  if (generation_ == generation) others_.insert_or_assign(version, other);
  return other;
}

Result<std::string> Gateway::call(std::string_view operation, std::string_view input_json) {
  TILL_TRY(Engine::check_may_wait());
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  start(operation, input_json, [&promise](Result<std::string> result) { promise.set_value(std::move(result)); });
  return future.get();
}

void Gateway::start(std::string_view operation, std::string_view input_json, Callback callback) {
  if (Status callable = check_callable(operation); !callable.ok()) return callback(std::move(callable).error());
  if (const LocalOperation* local = find_local_operation(operation))
    return start_local(*local, local_scope(), input_json, std::move(callback));
  if (operation == kReconcile) return reconcile(shared_from_this(), input_json, std::move(callback));
  if (operation == kSettle) return settle(shared_from_this(), input_json, std::move(callback));
  auto engine = runtime_->engine();
  if (!engine.ok()) return callback(std::move(engine).error());
  if (!Operation::reads_first(operation))
    return prepare_and_drive(**engine, operation, input_json, std::move(callback));
  (*engine)->run_aside([self = shared_from_this(), &here = **engine, operation = std::string(operation),
                        input_json = std::string(input_json), callback = std::move(callback)] {
    self->prepare_and_drive(here, operation, input_json, callback);
  });
}

void Gateway::prepare_and_drive(Engine& engine, std::string_view operation, std::string_view input_json,
                                Callback callback) {
  auto prepared = try_prepare(shared_from_this(), operation, input_json, engine.store());
  if (!prepared.ok()) return callback(std::move(prepared).error());
  engine.drive(std::move(prepared).value(),
               [callback = std::move(callback)](Operation& done) { callback(done.result()); });
}

LocalScope Gateway::local_scope() {
  return {.runtime = runtime_,
          .gateway = name_,
          .redact = [config = config()](std::string text) { return config->redact(std::move(text)); },
          .refusals = std::make_shared<RefusalTransfer>(memory_->refusals.here(), name_)};
}

Result<std::unique_ptr<Exchange>> Gateway::begin(std::string_view operation, std::string_view input_json) {
  TILL_TRY(check_callable(operation));
  if (find_local_operation(operation))
    return Error{.kind = ErrorKind::kUnsupported,
                 .code = "no_exchange",
                 .message = std::string(operation) + " asks no provider, so there is nothing to send: call it instead"};
  if (operation == kReconcile || operation == kSettle)
    return Error{.kind = ErrorKind::kUnsupported,
                 .code = "no_exchange",
                 .message = std::string(operation) + " is not one question that could be stepped: call it"};
  TILL_ASSIGN(auto engine, runtime_->engine());
  TILL_ASSIGN(auto prepared, Operation::prepare(shared_from_this(), operation, input_json, engine->store()));
  return std::make_unique<Exchange>(std::move(prepared), std::move(engine));
}

}  // namespace till
