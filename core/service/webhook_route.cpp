// POST /webhooks/GATEWAY: from the sender's request to webhooks.receive, and its result as an answer.
#include <utility>

#include "core/base/encoding.h"
#include "core/base/utf8.h"
#include "core/json/json.h"
#include "core/json/written.h"
#include "core/service/answers.h"
#include "core/service/visit.h"

namespace till::service {
namespace {

// The input of webhooks.receive. nullopt when a header is no UTF-8 text, which no provider sends.
std::optional<std::string> receive_input(http::InboundRequest& request, std::string_view query) {
  json::Array headers;
  for (auto& [name, value] : request.headers) {
    if (!is_valid_utf8(value)) return std::nullopt;
    headers.push_back(json::Array{std::move(name), std::move(value)});
  }
  json::Object input{{"headers", std::move(headers)}};
  if (!query.empty() && is_valid_utf8(query)) input.append("query", query);
  if (is_valid_utf8(request.body))
    input.append("body", std::move(request.body));
  else
    input.append("body_base64", base64_encode(request.body));
  return json::write(std::move(input));
}

// The sender of a webhook learns whether to send it again, and why it was refused; nothing else of the shop.
http::Response webhook_answer(const Error& error) {
  const int status = status_of_webhook(error);
  http::Response response = text_answer(
      status, status == 503 ? "try again later" : "refused: " + (error.reason.empty() ? error.code : error.reason));
  if (status == 503) response.headers.add("Retry-After", "5");
  return response;
}

// What was taken is answered with the result's own body; what is to come again hears when.
http::Response webhook_answer(const json::Value& result) {
  const auto status = static_cast<int>(result.find_integer("http_status").value_or(200));
  if (status == 200) return text_answer(status, result.find_string("http_body").value_or("ok"));
  http::Response response = text_answer(status, "try again later");
  response.headers.add("Retry-After", status == 429 ? "60" : "5");
  return response;
}

void tell(Visit& visit, std::string_view gateway, const Result<std::string>& reply) {
  if (!reply.ok()) {
    const Error& error = reply.error();
    const bool refused = status_of_webhook(error) != 503;
    const std::string& reason = error.reason.empty() ? error.code : error.reason;
    visit.around().metrics.count_webhook(gateway, refused ? "refused" : "failed", reason);
    visit.set_result(refused ? "refused" : "failed", reason);
    return visit.answer(webhook_answer(error));
  }
  // Without a result nobody knows that it was taken: the sender is asked to come again.
  const auto parsed = json::parse_written(*reply);
  if (!parsed.ok()) return tell(visit, gateway, internal_error("the result of a webhook cannot be read"));
  const json::Value& result = *parsed;
  const bool duplicate = result.find_bool("duplicate").value_or(false);
  const bool again = result.find_integer("http_status").value_or(200) != 200;
  const auto reason = result.find_string("reason").value_or("");
  const std::string_view what = again ? "failed" : duplicate ? "duplicate" : "accepted";
  visit.around().metrics.count_webhook(gateway, what, reason);
  visit.set_result(what, reason);
  visit.answer(webhook_answer(result));
}

}  // namespace

void receive_webhook(const std::shared_ptr<Visit>& visit, std::string_view name) {
  const auto found = visit->around().gateways.find(name);
  const auto input = receive_input(visit->request(), visit->query());
  if (!input) {
    Error error{ErrorKind::kWebhookRejected, "webhook_rejected", "a header is no UTF-8 text"};
    error.reason = "malformed";
    return tell(*visit, found->first, error);
  }
  found->second->start("webhooks.receive", *input, [visit, gateway = found->first](const Result<std::string>& reply) {
    tell(*visit, gateway, reply);
  });
}

}  // namespace till::service
