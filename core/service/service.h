// Service: a runtime and its gateways behind HTTP, for hosts that cannot load native code, and for webhooks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/runtime/reconciler.h"
#include "core/service/config.h"
#include "core/service/handler.h"
#include "core/service/log.h"

namespace till::service {

// What a service offers is docs/serve.md. Not to be carried over fork().
class Service {
 public:
  // Opens the store and the gateways, and listens when it returns. `sink` as for Log. kConfiguration with the place in
  // the configuration; what the store says.
  static Result<std::unique_ptr<Service>> open(ServiceConfig config, Log::Sink sink = {});
  // Whether open() would find anything wrong with the configuration: plugins and settings are looked at, certificates
  // are read; nothing is opened, asked or listened on. The same errors.
  static Status check(ServiceConfig config);
  // close(0), unless it was closed.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Where it listens: ["http://127.0.0.1:8480", "https://...", "unix:/run/till/api.sock"].
  const std::vector<std::string>& webhook_addresses() const { return webhook_addresses_; }
  const std::vector<std::string>& api_addresses() const { return api_addresses_; }
  // As the configuration has it.
  std::int64_t close_timeout_ms() const { return close_timeout_ms_; }
  // Reads the certificates and keys of the listeners again, as http::Server has it. Each file is logged; one that is no
  // good as a warning with its path, and what was there stays. Any thread, but not beside close().
  void reload_certificates();
  // Takes no more requests and events, lets those under way finish for at most `timeout_ms`, and closes the store when
  // what they began is kept. True when nothing was cut off. A second call returns at once.
  bool close(std::int64_t timeout_ms);

 private:
  explicit Service(std::shared_ptr<Surroundings> around);
  Status reconcile_every(std::int64_t interval_ms);

  std::shared_ptr<Surroundings> around_;
  std::unique_ptr<Handler> handler_;
  std::unique_ptr<http::Server> server_;
  std::vector<std::shared_ptr<Reconciler>> reconcilers_;  // one per gateway
  std::vector<http::ListenOptions> doors_;
  std::vector<std::string> webhook_addresses_, api_addresses_;
  std::int64_t close_timeout_ms_ = 0;
};

}  // namespace till::service
