// Visit: one request on its way through the service, until it is answered, counted and logged.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "core/http/server.h"
#include "core/service/surroundings.h"
#include "core/store/queue.h"

namespace till::service {

// Shared by the callbacks that lead to its answer. answer() is called once.
class Visit {
 public:
  Visit(std::shared_ptr<Surroundings> around, http::InboundRequest request, http::Respond respond);

  Surroundings& around() { return *around_; }
  const http::InboundRequest& request() const { return request_; }
  http::InboundRequest& request() { return request_; }
  // The target without its query, and the query without its "?".
  std::string_view path() const;
  std::string_view query() const;

  // What the log and the metrics are told beside the answer. `route` is a word of ours.
  void set_route(std::string_view route) { route_ = route; }
  void set_gateway(std::string_view gateway) { gateway_ = gateway; }
  void set_operation(std::string_view operation) { operation_ = operation; }
  void set_result(std::string_view result, std::string_view reason) { result_ = result, reason_ = reason; }

  // Any thread.
  void answer(http::Response response);

 private:
  const std::shared_ptr<Surroundings> around_;
  http::InboundRequest request_;
  const http::Respond respond_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::string route_ = "none", gateway_, operation_, result_, reason_;
};

// Looks something up in the store, on this thread, and says how long that took.
Status read_store(Surroundings& around, const StoreQueue::Task& task, std::int64_t* took_ms);

// Finds the route and sends the visit there.
void route(const std::shared_ptr<Visit>& visit);

// The routes. Each answers, now or later.
void receive_webhook(const std::shared_ptr<Visit>& visit, std::string_view gateway);
void run_call(const std::shared_ptr<Visit>& visit, std::string_view gateway, std::string_view operation);
void list_gateways(const std::shared_ptr<Visit>& visit);
void tell_health(const std::shared_ptr<Visit>& visit);
void tell_readiness(const std::shared_ptr<Visit>& visit);
void tell_metrics(const std::shared_ptr<Visit>& visit);
void serve_operator(const std::shared_ptr<Visit>& visit);

}  // namespace till::service
