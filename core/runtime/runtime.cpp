// Runtime: options, the plugins it has read, and one Engine for each process it finds itself in.
#include "core/runtime/runtime.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "core/base/limits.h"
#include "core/crypto/digest.h"
#include "core/crypto/ecdsa.h"
#include "core/json/json.h"
#include "core/plugin/operations.h"
#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/gateway.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/install_path.h"
#include "core/runtime/local_operation.h"
#include "core/runtime/log.h"
#include "core/runtime/trusted_keys.h"
#include "core/store/place.h"

namespace till {
namespace {

constexpr std::int64_t kMaxConnections = 10'000;
constexpr std::int64_t kMaxTimeoutOptionMs = 600'000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing of ours sets variables
  return value ? value : "";
}

Result<std::string> default_store_place() {
  std::string state = environment("XDG_STATE_HOME");
  if (state.empty()) {
    const std::string home = environment("HOME");
    if (home.empty())
      return configuration_error("$.store", "there is no home folder to keep the store in: set `store` or TILL_STORE");
    state = home + "/.local/state";
  }
  return state + "/till/till.sqlite3";
}

// A path from the root: a store is opened again after fork(), and would then be looked for where chdir() has led.
Result<std::string> find_store_place(const std::string& given) {
  std::string place = given.empty() ? environment("TILL_STORE") : given;
  if (place.starts_with("sqlite:")) place.erase(0, std::string_view("sqlite:").size());
  if (place == "memory" || place.find("://") != std::string::npos) return place;
  if (place.empty()) {
    TILL_ASSIGN(place, default_store_place());
  }
  std::error_code failed;
  const auto path = std::filesystem::absolute(place, failed);
  if (failed) return configuration_error("$.store", "cannot tell where " + place + " is: " + failed.message());
  return path.string();
}

void append_path(std::vector<std::string>& path, std::string_view colon_separated) {
  while (!colon_separated.empty()) {
    const std::size_t end = std::min(colon_separated.find(':'), colon_separated.size());
    if (end > 0) path.emplace_back(colon_separated.substr(0, end));
    colon_separated.remove_prefix(std::min(end + 1, colon_separated.size()));
  }
}

Result<std::string> text_option(const json::Value& value, const std::string& key) {
  if (!value.string()) return configuration_error("$." + key, "expected text");
  return *value.string();
}

Result<std::int64_t> count_option(const json::Value& value, const std::string& key, std::int64_t max) {
  const auto number = value.as_integer();
  if (!number || *number < 1 || *number > max)
    return configuration_error("$." + key, "expected an integer from 1 to " + std::to_string(max));
  return *number;
}

Status read_texts(const json::Value& value, const std::string& key, std::vector<std::string>& out) {
  if (!value.array()) return configuration_error("$." + key, "expected a list of texts");
  for (const json::Value& element : *value.array()) {
    TILL_ASSIGN(std::string text, text_option(element, key));
    out.push_back(std::move(text));
  }
  return {};
}

Status read_option(const std::string& key, const json::Value& value, RuntimeOptions& options) {
  if (value.is_null()) return {};
  if (key == "plugin_path") return read_texts(value, key, options.plugin_path);
  if (key == "trusted_keys") return read_texts(value, key, options.trusted_keys);
  if (key == "connect_timeout_ms") {
    TILL_ASSIGN(options.http.connect_timeout_ms, count_option(value, key, kMaxTimeoutOptionMs));
    return {};
  }
  if (key == "max_connections_per_origin") {
    TILL_ASSIGN(const std::int64_t count, count_option(value, key, kMaxConnections));
    options.http.max_connections_per_origin = static_cast<std::size_t>(count);
    return {};
  }
  const std::map<std::string_view, std::string*> texts{{"store", &options.store},
                                                       {"ca_file", &options.http.ca_file},
                                                       {"proxy", &options.http.proxy},
                                                       {"no_proxy", &options.http.no_proxy}};
  const auto text = texts.find(key);
  if (text == texts.end())
    return configuration_error(
        "$." + key,
        "unknown option; there are plugin_path, trusted_keys, store, ca_file, proxy, no_proxy, connect_timeout_ms "
        "and max_connections_per_origin");
  TILL_ASSIGN(*text->second, text_option(value, key));
  if (text->second->empty() && (key == "store" || key == "ca_file"))
    return configuration_error("$." + key, "must not be empty: leave it out to have the usual one");
  return {};
}

// What is made on first use and shared by all threads is made here, under the mutex that fork() waits for: a child that
// inherited it half made would wait for ever.
void prepare_shared() {
  const std::lock_guard lock(fork_mutex());
  (void)plugin::operation_names();
  (void)local_operations();
  (void)sha256("");
  (void)SigningKey::generate();
}

struct Stores {
  std::unique_ptr<Store> store, reader;
};

Result<Stores> open_stores(const std::string& place) {
  try {
    Stores opened;
    TILL_ASSIGN(opened.store, open_store(place));
    if (place == "memory") return opened;
    TILL_ASSIGN(opened.reader, open_store(place));
    return opened;
  } catch (const std::exception& failed) {
    return internal_error("the store cannot be opened: " + std::string(failed.what()));
  }
}

// A name stands for one account's book: its payments, and the idempotency keys of its writes.
Status check_one_account(const Gateway& open, const Gateway& another) {
  if (open.name() != another.name()) return {};
  const bool both_say = !open.account().empty() && !another.account().empty();
  if (open.provider() == another.provider() && (!both_say || open.account() == another.account())) return {};
  return configuration_error("$.label", "the open gateway of another account has the name \"" + open.name() +
                                            "\" already, and under one name they would share their payments: give "
                                            "each a label of its own");
}

}  // namespace

struct Runtime::State {
  explicit State(plugin::Registry registry) : plugins(std::move(registry)) {}

  // An engine that one thread is making, for the others.
  struct Making {
    std::uint64_t generation;  // of fork(): in a child nobody makes it any more
    std::shared_future<Result<std::shared_ptr<Engine>>> engine;
  };

  Result<std::shared_ptr<Engine>> keep(const http::ClientOptions& http, Result<Stores> stores);

  plugin::Registry plugins;
  std::atomic<std::uint64_t> plugin_generation{0};
  std::shared_ptr<Engine> engine;
  std::uint64_t engine_generation = 0;
  std::optional<Making> making;
  std::vector<std::weak_ptr<Gateway>> gateways;
};

Result<RuntimeOptions> RuntimeOptions::from_json(std::string_view text) {
  RuntimeOptions options;
  if (text.empty()) return options;
  auto parsed = json::parse(text, {.max_bytes = kMaxSettingsBytes});
  if (!parsed.ok()) return configuration_error(parsed.error().field, parsed.error().message);
  if (!parsed->object()) return configuration_error("$", "options are a JSON object");
  for (const auto& [key, value] : *parsed->object()) TILL_TRY(read_option(key, value, options));
  return options;
}

Result<std::shared_ptr<Runtime>> Runtime::open(RuntimeOptions options) {
  append_path(options.plugin_path, environment("TILL_PLUGIN_PATH"));
  if (std::string installed = installed_provider_path(); !installed.empty()) options.plugin_path.push_back(installed);
  append_path(options.trusted_keys, environment("TILL_TRUSTED_KEYS"));
  TILL_ASSIGN(options.trusted_keys, read_trusted_keys(options.trusted_keys));
  http::apply_environment(options.http);
  if (!options.clock) options.clock = std::make_shared<SystemClock>();
  prepare_shared();
  TILL_ASSIGN(std::string place, find_store_place(options.store));
  return std::make_shared<Runtime>(Private(), std::move(options), std::move(place));
}

Runtime::Runtime(Private, RuntimeOptions options, std::string store_place)
    : options_(std::move(options)),
      store_place_(std::move(store_place)),
      state_(std::make_unique<State>(
          plugin::Registry({.path = options_.plugin_path, .trusted_keys = options_.trusted_keys}))) {
  // No error: a folder may be made later, as `till plugin install` does.
  for (const std::string& folder : state_->plugins.unreadable())
    write_log("warn", "plugin path", "cannot read " + folder);
}

Runtime::~Runtime() {
  std::shared_ptr<Engine> engine = std::move(state_->engine);
  if (!engine) return;
  if (state_->engine_generation != fork_generation())
    new std::shared_ptr<Engine>(std::move(engine));  // its threads are in another process: never joined, never closed
  else if (Engine::on_own_thread())
    std::thread([last = std::move(engine)]() mutable { last.reset(); }).detach();  // a thread cannot join itself
}

// The caller holds the mutex.
Result<std::shared_ptr<Engine>> Runtime::State::keep(const http::ClientOptions& http, Result<Stores> stores) {
  if (!stores.ok()) return std::move(stores).error();
  try {
    engine = std::make_shared<Engine>(http, std::move(stores->store), std::move(stores->reader));
  } catch (const std::exception& failed) {
    return internal_error("the runtime cannot start: " + std::string(failed.what()));
  }
  engine_generation = fork_generation();
  return engine;
}

// A file of SQLite's is opened under the mutex: it must not be half open when the process forks. A connection to a
// server takes as long as the server likes, and a child leaves one that was begun before it alone.
Result<std::shared_ptr<Engine>> Runtime::engine() {
  std::unique_lock lock(fork_mutex());
  if (state_->engine && state_->engine_generation == fork_generation()) return state_->engine;
  if (state_->engine) new std::shared_ptr<Engine>(std::move(state_->engine));  // as in ~Runtime
  if (!is_postgres_place(store_place_)) return state_->keep(options_.http, open_stores(store_place_));
  if (state_->making && state_->making->generation == fork_generation()) {
    const auto made = state_->making->engine;
    lock.unlock();
    return made.get();
  }
  TILL_TRY(prepare_postgres_stores());
  std::promise<Result<std::shared_ptr<Engine>>> promise;
  state_->making = {fork_generation(), promise.get_future().share()};
  lock.unlock();
  auto stores = open_stores(store_place_);
  lock.lock();
  state_->making.reset();
  auto made = state_->keep(options_.http, std::move(stores));
  lock.unlock();
  promise.set_value(made);
  return made;
}

Result<std::shared_ptr<const plugin::Plugin>> Runtime::provider(std::string_view id, std::string_view version) {
  const std::lock_guard lock(fork_mutex());
  return state_->plugins.find(id, version);
}

std::vector<std::string> Runtime::provider_ids() const {
  return plugin::Registry({.path = options_.plugin_path, .trusted_keys = {}}).ids();
}

// Reads the files beside the plugins in use, so that no call waits for the disk.
std::vector<plugin::PluginChange> Runtime::reload_plugins() {
  std::unique_lock lock(fork_mutex());
  plugin::Registry fresh = state_->plugins;
  lock.unlock();
  std::vector<plugin::PluginChange> changes = fresh.reload();
  if (changes.empty()) return changes;
  lock.lock();
  state_->plugins = std::move(fresh);
  state_->plugin_generation.fetch_add(1);
  return changes;
}

std::string Runtime::reload_plugins_json() {
  json::Array out;
  for (plugin::PluginChange& one : reload_plugins())
    out.push_back(json::Object{{"provider", std::move(one.id)},
                               {"version", std::move(one.version)},
                               {"change", plugin::plugin_change_name(one.kind)},
                               {"message", std::move(one.message)}});
  return json::write(out);
}

Result<std::string> Runtime::call_store(std::string_view operation, std::string_view input_json) {
  TILL_TRY(Engine::check_may_wait());
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  start_store(operation, input_json, [&promise](Result<std::string> result) { promise.set_value(std::move(result)); });
  return future.get();
}

void Runtime::start_store(std::string_view operation, std::string_view input_json,
                          std::function<void(Result<std::string>)> callback) {
  const LocalOperation* local = find_local_operation(operation);
  if (!local)
    return callback(
        Error{.kind = ErrorKind::kUnsupported,
              .code = "unknown_operation",
              .message = "the store has no operation of that name: " + std::string(operation.substr(0, kMaxIdLength))});
  LocalScope scope{.runtime = shared_from_this(), .redact = redactor()};
  start_local(*local, std::move(scope), input_json, std::move(callback));
}

Status Runtime::know(const std::shared_ptr<Gateway>& gateway) {
  std::vector<std::shared_ptr<Gateway>> open;  // let go without the mutex, as below
  const std::lock_guard lock(fork_mutex());
  std::erase_if(state_->gateways, [](const auto& one) { return one.expired(); });
  for (const auto& one : state_->gateways)
    if (auto other = one.lock()) open.push_back(std::move(other));
  for (const auto& other : open) TILL_TRY(check_one_account(*other, *gateway));
  state_->gateways.push_back(gateway);
  return {};
}

std::function<std::string(std::string)> Runtime::redactor() {
  std::vector<std::shared_ptr<Gateway>> open;  // let go without the mutex: the last owner of a gateway may be this
  {
    const std::lock_guard lock(fork_mutex());
    for (const auto& one : state_->gateways)
      if (auto gateway = one.lock()) open.push_back(std::move(gateway));
  }
  std::vector<std::shared_ptr<const GatewayConfig>> configs;
  configs.reserve(open.size());
  for (const auto& gateway : open) configs.push_back(gateway->config());
  return [configs = std::move(configs)](std::string text) {
    for (const auto& config : configs) text = config->redact(std::move(text));
    return text;
  };
}

std::string Runtime::store_place() const { return shown_store_place(store_place_); }

std::uint64_t Runtime::plugin_generation() const { return state_->plugin_generation.load(); }

Result<std::string> Runtime::describe_provider(std::string_view id) {
  TILL_ASSIGN(const auto plugin, provider(id));
  return json::write(plugin->manifest.document);
}

}  // namespace till
