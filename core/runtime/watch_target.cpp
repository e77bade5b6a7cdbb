// Reading and checking where to listen: see watch_target.h.
#include "core/runtime/watch_target.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/http/target.h"
#include "core/plugin/handle.h"
#include "core/plugin/operation_output.h"

namespace till {
namespace {

constexpr std::size_t kMaxQueryFields = 50;
constexpr std::size_t kMaxEventNames = 50;

Error output_error(std::string place, std::string message) {
  Error error = plugin_error("script_output", "what provider.payments.watch returned: " + place + ": " + message);
  error.field = std::move(place);
  return error;
}

bool is_allowed(const http::Target& target, const GatewayConfig& config) {
  const auto base = http::parse_target(config.base_url);
  if (base.ok() && base->secure == target.secure && base->host == target.host && base->port == target.port) return true;
  const auto& hosts = config.manifest().hosts;
  return target.secure && std::find(hosts.begin(), hosts.end(), target.host) != hosts.end();
}

Status check_url(const std::string& url, const GatewayConfig& config) {
  if (plugin::find_handle(url)) return output_error("$.url", "a secret may stand in `query` only");
  const auto target = http::parse_target(url);
  if (!target.ok()) return output_error("$.url", target.error().message);
  if (!is_allowed(*target, config)) return output_error("$.url", "the host is not among the manifest's `hosts`");
  return {};
}

Status add_field(const json::Value& name, const json::Value& value, const Handles& handles, std::string& query) {
  if (!name.string() || name.string()->empty() || !value.string() || plugin::find_handle(*name.string()))
    return output_error("$.query", "takes a map or pairs {name, value} of text");
  TILL_ASSIGN(const std::string filled, handles.fill(*value.string(), Handles::Place::kQuery));
  if (!query.empty()) query += '&';
  percent_encode(*name.string(), query);
  query += '=';
  percent_encode(filled, query);
  return {};
}

Result<std::string> read_query(const json::Value* given, const Handles& handles) {
  std::string query;
  if (!given || given->is_null()) return query;
  std::size_t count = 0;
  if (given->object()) {
    for (const auto& [name, value] : *given->object()) {
      if (++count > kMaxQueryFields) return output_error("$.query", "has more than 50 fields");
      TILL_TRY(add_field(name, value, handles, query));
    }
    return query;
  }
  if (!given->array()) return output_error("$.query", "takes a map or pairs {name, value} of text");
  for (const json::Value& element : *given->array()) {
    if (++count > kMaxQueryFields) return output_error("$.query", "has more than 50 fields");
    const json::Array* pair = element.array();
    if (!pair || pair->size() != 2) return output_error("$.query", "takes a map or pairs {name, value} of text");
    TILL_TRY(add_field((*pair)[0], (*pair)[1], handles, query));
  }
  return query;
}

Result<std::vector<std::string>> read_events(const json::Value* given) {
  std::vector<std::string> events;
  if (!given || given->is_null() || (given->object() && given->object()->empty())) return events;
  if (!given->array() || given->array()->size() > kMaxEventNames)
    return output_error("$.events", "takes a list of at most 50 names");
  for (const json::Value& name : *given->array()) {
    if (!name.string()) return output_error("$.events", "takes a list of names");
    events.push_back(*name.string());
  }
  return events;
}

}  // namespace

bool WatchTarget::means(std::string_view event) const {
  return events.empty() || std::find(events.begin(), events.end(), event) != events.end();
}

Result<WatchTarget> read_watch_target(json::Value output, const GatewayConfig& config, const Handles& handles) {
  TILL_TRY(plugin::check_operation_output("payments.watch", output));
  WatchTarget target;
  std::string url(*output.find_string("url"));
  TILL_TRY(check_url(url, config));
  TILL_ASSIGN(const std::string query, read_query(output.find("query"), handles));
  if (!query.empty()) url += (url.find('?') == std::string::npos ? "?" : "&") + query;
  TILL_ASSIGN(target.events, read_events(output.find("events")));
  target.request.method = "GET";
  target.request.url = std::move(url);
  target.request.headers = {{"Accept", "text/event-stream"}, {"Cache-Control", "no-store"}};
  TILL_TRY(http::check_request(target.request));
  return target;
}

}  // namespace till
