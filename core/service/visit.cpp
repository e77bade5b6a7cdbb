#include "core/service/visit.h"

#include <algorithm>
#include <utility>

#include "core/base/utf8.h"

namespace till::service {
namespace {

constexpr std::size_t kMaxLoggedPath = 200;

}  // namespace

Visit::Visit(std::shared_ptr<Surroundings> around, http::InboundRequest request, http::Respond respond)
    : around_(std::move(around)), request_(std::move(request)), respond_(std::move(respond)) {}

std::string_view Visit::path() const { return std::string_view(request_.target).substr(0, request_.target.find('?')); }

std::string_view Visit::query() const {
  const std::size_t mark = request_.target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(request_.target).substr(mark + 1);
}

void Visit::answer(http::Response response) {
  const auto took = std::chrono::steady_clock::now() - begin_;
  const std::int64_t took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  around_->metrics.count_request(route_, response.status, took_ms);
  // Of the target the path alone: a query may hold what its sender takes for secret.
  json::Object line{{"route", route_},
                    {"method", request_.method},
                    {"path", path().substr(0, kMaxLoggedPath)},
                    {"status", json::Value::integer(response.status)},
                    {"duration_ms", json::Value::integer(took_ms)},
                    {"bytes", json::Value::integer(static_cast<std::int64_t>(request_.body.size()))},
                    {"peer", request_.peer}};
  for (const auto& [key, value] : {std::pair<std::string_view, const std::string&>("gateway", gateway_),
                                   {"operation", operation_},
                                   {"result", result_},
                                   {"reason", reason_}})
    if (!value.empty()) line.append(std::string(key), value);
  if (response.status >= 500)
    around_->log->warn("request", std::move(line));
  else
    around_->log->info("request", std::move(line));
  respond_(std::move(response));
}

}  // namespace till::service
