// POST /v1/GATEWAY/OPERATION: the calls of the C ABI, with the same JSON. GET /v1: which gateways there are.
#include <utility>

#include "core/json/json.h"
#include "core/service/answers.h"
#include "core/service/visit.h"

namespace till::service {

void run_call(const std::shared_ptr<Visit>& visit, std::string_view name, std::string_view operation) {
  const auto found = visit->around().gateways.find(name);
  const std::string& body = visit->request().body;
  // An operation without input may be called without a body.
  found->second->start(operation, body.empty() ? "{}" : body, [visit](Result<std::string> reply) {
    if (reply.ok()) {
      visit->set_result("done", {});
      return visit->answer(json_answer(200, *std::move(reply)));
    }
    visit->set_result("failed", reply.error().code);
    visit->answer(error_answer(reply.error()));
  });
}

void list_gateways(const std::shared_ptr<Visit>& visit) {
  json::Array gateways;
  for (const auto& [name, gateway] : visit->around().gateways)
    gateways.push_back(json::Object{{"name", name},
                                    {"provider", gateway->provider()},
                                    {"account", gateway->name()},
                                    {"test", gateway->test()},
                                    {"plugin_version", gateway->plugin_version()}});
  visit->answer(json_answer(200, json::write(json::Object{{"gateways", std::move(gateways)}})));
}

}  // namespace till::service
