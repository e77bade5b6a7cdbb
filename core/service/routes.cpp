// route(): which request goes where.
#include <optional>

#include "core/service/access.h"
#include "core/service/answers.h"
#include "core/service/visit.h"

namespace till::service {
namespace {

// The rest of `path` behind `prefix`.
std::optional<std::string_view> behind(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  return path.substr(prefix.size());
}

void refuse(const std::shared_ptr<Visit>& visit, int status, std::string_view error, std::string_view message) {
  visit->answer(refusal_answer(status, error, message));
}

void refuse_method(const std::shared_ptr<Visit>& visit, std::string_view allowed) {
  http::Response response = refusal_answer(405, "method_not_allowed", "this address takes " + std::string(allowed));
  response.headers.add("Allow", std::string(allowed));
  visit->answer(std::move(response));
}

void ask_for_token(const std::shared_ptr<Visit>& visit) {
  http::Response response = refusal_answer(401, "unauthorized", "send the token as \"Authorization: Bearer TOKEN\"");
  response.headers.add("WWW-Authenticate", "Bearer");
  visit->answer(std::move(response));
}

bool is_read(const Visit& visit) { return visit.request().method == "GET" || visit.request().method == "HEAD"; }

// What anybody may ask, on every listener. True when it was that.
bool route_open(const std::shared_ptr<Visit>& visit) {
  const std::string_view path = visit->path();
  if (path != "/healthz" && path != "/readyz") return false;
  visit->set_route(path.substr(1));
  if (!is_read(*visit))
    refuse_method(visit, "GET, HEAD");
  else if (path == "/healthz")
    tell_health(visit);
  else
    tell_readiness(visit);
  return true;
}

void route_webhook(const std::shared_ptr<Visit>& visit) {
  const auto gateway = behind(visit->path(), "/webhooks/");
  if (!gateway || !visit->around().gateways.contains(*gateway))
    return refuse(visit, 404, "not_found", "there is nothing at this address");
  visit->set_route("webhooks");
  visit->set_gateway(*gateway);
  const std::string& method = visit->request().method;
  // Some senders put the event into the query of a GET.
  if (method != "POST" && method != "PUT" && method != "GET") return refuse_method(visit, "POST, PUT, GET");
  receive_webhook(visit, *gateway);
}

void route_call(const std::shared_ptr<Visit>& visit, std::string_view rest) {
  visit->set_route("call");
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return refuse(visit, 404, "not_found", "a call goes to /v1/GATEWAY/OPERATION");
  const std::string_view gateway = rest.substr(0, slash), operation = rest.substr(slash + 1);
  if (!visit->around().gateways.contains(gateway))
    return refuse(visit, 404, "unknown_gateway", "there is no gateway of this name");
  visit->set_gateway(gateway);
  visit->set_operation(operation.substr(0, 64));
  if (visit->request().method != "POST") return refuse_method(visit, "POST");
  run_call(visit, gateway, operation);
}

void route_api(const std::shared_ptr<Visit>& visit) {
  const std::string_view path = visit->path();
  if (path == "/operator" || path.starts_with("/operator/")) {
    visit->set_route("operator");
    return serve_operator(visit);
  }
  if (!has_token(visit->request(), visit->around().token)) return ask_for_token(visit);
  if (const auto rest = behind(path, "/v1/")) return route_call(visit, *rest);
  if (path != "/v1" && path != "/metrics") return refuse(visit, 404, "not_found", "there is nothing at this address");
  visit->set_route(path == "/v1" ? "gateways" : "metrics");
  if (!is_read(*visit)) return refuse_method(visit, "GET, HEAD");
  path == "/v1" ? list_gateways(visit) : tell_metrics(visit);
}

}  // namespace

void route(const std::shared_ptr<Visit>& visit) {
  if (route_open(visit)) return;
  if (visit->request().listener < visit->around().api_begins) return route_webhook(visit);
  route_api(visit);
}

}  // namespace till::service
