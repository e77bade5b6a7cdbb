// Runtime: what an embedder opens once. Owns the I/O thread, the TLS context, the connection pool, the store and the
// loaded plugins, and makes all of them anew in a forked child.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/client.h"
#include "core/plugin/plugin.h"
#include "core/plugin/registry.h"

namespace till {

class Engine;
class Gateway;

struct RuntimeOptions {
  // Folders that hold one folder or package per provider, and several when there are versions of it; searched in order,
  // before $TILL_PLUGIN_PATH (colon-separated) and the installed ones.
  std::vector<std::string> plugin_path;
  // Public keys in hex, or files of them, whose packages may be loaded; beside those of $TILL_TRUSTED_KEYS
  // (colon-separated).
  std::vector<std::string> trusted_keys;
  // "sqlite:/path/to/file" or a plain path; "postgresql://user@host/database" for workers on several machines; "memory"
  // keeps nothing beyond this process. Empty: $TILL_STORE, else $XDG_STATE_HOME/till/till.sqlite3
  // (~/.local/state/till/till.sqlite3).
  std::string store;
  http::ClientOptions http;
  std::shared_ptr<const Clock> clock;  // null: the system's

  // {"plugin_path": [...], "trusted_keys": [...], "store": "...", "ca_file": "...", "proxy": "...", "no_proxy": "...",
  // "connect_timeout_ms": 10000, "max_connections_per_origin": 64}; every member may be absent, unknown ones are
  // kConfiguration errors.
  static Result<RuntimeOptions> from_json(std::string_view text);
};

// Safe to call from any thread, and usable in a child after fork(): threads, connections and the store's handle are
// made lazily, and again in the child. Calls under way in the parent at fork() complete in the parent only.
class Runtime : public std::enable_shared_from_this<Runtime> {
 public:
  // Opens no file and starts no thread yet. kConfiguration when the options are wrong.
  static Result<std::shared_ptr<Runtime>> open(RuntimeOptions options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // The plugin in its newest version, or in the given one, loaded on first use. kNotFound names the providers there
  // are; kPlugin when it is broken or, a package, not trusted or not approved.
  Result<std::shared_ptr<const plugin::Plugin>> provider(std::string_view id, std::string_view version = {});
  // Ids of all providers on the path, sorted. Broken plugins are listed too; provider() says what is wrong.
  std::vector<std::string> provider_ids() const;
  // Takes new and changed plugins without stopping anything: calls under way end with the script they began with, and
  // each open gateway that named no version goes on with the newest at its next call, as long as its settings are good
  // for that one. Returns what changed among the plugins that were in use; what cannot be loaded stays as it was.
  std::vector<plugin::PluginChange> reload_plugins();
  // The same as JSON text: [{"provider", "version", "change", "message"}].
  std::string reload_plugins_json();
  // Grows with each reload that changed something.
  std::uint64_t plugin_generation() const;
  // The manifest of one provider as JSON text, for forms and lists.
  Result<std::string> describe_provider(std::string_view id);

  // Runs a local operation ("store.info", "store.prune", "store.export", "events.list", ...) on behalf of no gateway:
  // on all that the store holds. Waits for it; kUnsupported when there is no such operation, and kInternal
  // "call_in_callback" inside a callback, which would wait for itself.
  // What failing handlers said is kept, and shown, with the secrets of all open gateways replaced.
  Result<std::string> call_store(std::string_view operation, std::string_view input_json);
  // The same without blocking: calls back once, perhaps before it returns, else on a thread of the Runtime.
  void start_store(std::string_view operation, std::string_view input_json,
                   std::function<void(Result<std::string>)> callback);
  // Replaces the secrets of the gateways that are open now, as GatewayConfig::redact() does; takes no lock.
  std::function<std::string(std::string)> redactor();
  // From here on its secrets are hidden. Gateway::open() says so; a gateway that has gone is forgotten. kConfiguration,
  // at "$.label", when one that is open has its name and is certainly another account.
  Status know(const std::shared_ptr<Gateway>& gateway);

  const Clock& clock() const { return *options_.clock; }
  const RuntimeOptions& options() const { return options_; }
  // The store's place as it will be used: a path from the root, "memory", or a URL without its password.
  std::string store_place() const;
  // Threads, connections and store of the current process, made at the first call. Calls meanwhile wait for it and
  // get the same, or the same error; fork() does not wait for a PostgreSQL server that does not answer.
  Result<std::shared_ptr<Engine>> engine();

 private:
  struct Private {};

 public:
  Runtime(Private, RuntimeOptions options, std::string store_place);

 private:
  struct State;
  RuntimeOptions options_;
  std::string store_place_;
  std::unique_ptr<State> state_;
};

}  // namespace till
