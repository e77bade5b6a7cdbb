// Surroundings: what all requests of one service share.
#pragma once

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/worker.h"
#include "core/crypto/secret.h"
#include "core/http/server.h"
#include "core/runtime/gateway.h"
#include "core/runtime/runtime.h"
#include "core/service/log.h"
#include "core/service/login_limit.h"
#include "core/service/metrics.h"
#include "core/service/session.h"

namespace till::service {

// Reads of the store, for pages and status, that wait at once.
inline constexpr std::size_t kMaxWaitingTasks = 64;

// Lives until the last callback has run. Members that are not said to change do not, once the service is open.
struct Surroundings {
  std::shared_ptr<Runtime> runtime;
  std::shared_ptr<const Clock> clock;
  std::map<std::string, std::shared_ptr<Gateway>, std::less<>> gateways;  // by the name in the configuration
  Secret token;
  std::size_t api_begins = 0;  // listeners from this one on are the api's, those before it are for webhooks
  Metrics metrics;
  std::unique_ptr<Log> log;
  std::unique_ptr<Worker> worker;
  LoginLimit logins;                                 // on the server's thread only
  std::optional<Sessions> sessions;                  // when there is an api
  std::atomic<const http::Server*> server{nullptr};  // set once it is open
  std::atomic<bool> stopping{false};
};

}  // namespace till::service
