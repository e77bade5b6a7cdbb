#include "core/service/metrics.h"

#include <algorithm>

namespace till::service {
namespace {

// A label with its value quoted as the format has it.
std::string label(std::string_view name, std::string_view value) {
  std::string out(name);
  out += "=\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out += '"';
}

std::string seconds(std::int64_t ms) {
  std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
  return std::to_string(ms / 1000) + "." + fraction;
}

void describe(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels, const std::string& value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

void counters(std::string& out, std::string_view name, std::string_view help,
              const std::map<std::string, std::uint64_t>& counted) {
  describe(out, name, "counter", help);
  for (const auto& [labels, count] : counted) sample(out, name, labels, std::to_string(count));
}

void gauge(std::string& out, std::string_view name, std::string_view help, const std::string& value) {
  describe(out, name, "gauge", help);
  sample(out, name, {}, value);
}

// A new reason beyond the limit is counted as another one.
void add(std::map<std::string, std::uint64_t>& counted, std::string labels, std::string_view otherwise) {
  if (counted.size() >= kMaxReasons && !counted.contains(labels)) labels = otherwise;
  ++counted[labels];
}

void write_server(std::string& out, const http::ServerCounts& server) {
  gauge(out, "till_http_connections", "Open connections.", std::to_string(server.open));
  describe(out, "till_http_connections_total", "counter", "Connections that were accepted.");
  sample(out, "till_http_connections_total", {}, std::to_string(server.accepted));
  describe(out, "till_http_connections_evicted_total", "counter", "Idle connections that made room for new ones.");
  sample(out, "till_http_connections_evicted_total", {}, std::to_string(server.evicted));
}

void write_store(std::string& out, const Moment& moment) {
  gauge(out, "till_store_up", "1 when the store answered.", moment.store_up ? "1" : "0");
  gauge(out, "till_store_read_seconds", "How long the store took to answer this.", seconds(moment.store_read_ms));
  describe(out, "till_inbox_events", "gauge", "Events that wait for a handler, are with one, or are dead.");
  for (const StoreCounts& one : moment.store) {
    const std::string gateway = label("gateway", one.gateway) + ",";
    sample(out, "till_inbox_events", gateway + label("state", "waiting"), std::to_string(one.events_waiting));
    sample(out, "till_inbox_events", gateway + label("state", "taken"), std::to_string(one.events_taken));
    sample(out, "till_inbox_events", gateway + label("state", "dead"), std::to_string(one.events_dead));
  }
  describe(out, "till_inbox_oldest_seconds", "gauge", "Age of the oldest event that is not handled.");
  for (const StoreCounts& one : moment.store) {
    const std::int64_t age =
        one.oldest_event_at == 0 ? 0 : std::max<std::int64_t>(0, moment.now_ms - one.oldest_event_at);
    sample(out, "till_inbox_oldest_seconds", label("gateway", one.gateway), seconds(age));
  }
  describe(out, "till_payments_unknown", "gauge", "Payments of which nobody knows whether the provider has them.");
  for (const StoreCounts& one : moment.store)
    sample(out, "till_payments_unknown", label("gateway", one.gateway), std::to_string(one.payments_unknown));
  describe(out, "till_writes_unsettled", "gauge", "Writes that were sent and never answered.");
  for (const StoreCounts& one : moment.store)
    sample(out, "till_writes_unsettled", label("gateway", one.gateway), std::to_string(one.writes_unsettled));
  describe(out, "till_webhooks_unmatched", "gauge", "Webhooks about payments that the store does not know.");
  for (const StoreCounts& one : moment.store)
    sample(out, "till_webhooks_unmatched", label("gateway", one.gateway), std::to_string(one.webhooks_unmatched));
}

}  // namespace

void Metrics::count_request(std::string_view route, int status, std::int64_t took_ms) {
  const std::lock_guard lock(mutex_);
  ++requests_[label("route", route) + "," + label("status", std::to_string(status))];
  Durations& durations = durations_[label("route", route)];
  for (std::size_t i = 0; i < kBucketsMs.size(); ++i) durations.buckets[i] += took_ms <= kBucketsMs[i] ? 1 : 0;
  ++durations.count;
  durations.sum_ms += took_ms;
}

void Metrics::count_webhook(std::string_view gateway, std::string_view result, std::string_view reason,
                            std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  const std::string common = label("gateway", gateway) + "," + label("result", result) + ",";
  // Reasons are the core's own words, and gateways those of the configuration.
  webhooks_[common + label("reason", reason)] += times;
}

void Metrics::count_event(std::string_view result, std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  events_[label("result", result)] += times;
}

void Metrics::count_reconcile(std::string_view gateway, std::string_view result, std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  reconciles_[label("gateway", gateway) + "," + label("result", result)] += times;
}

void Metrics::count_login(std::string_view result, std::uint64_t times) {
  const std::lock_guard lock(mutex_);
  logins_[label("result", result)] += times;
}

void Metrics::count_refusal(std::string_view reason) {
  const std::lock_guard lock(mutex_);
  add(refusals_, label("reason", reason), label("reason", "other"));
}

std::string Metrics::text(const Moment& moment) const {
  std::string out;
  {
    const std::lock_guard lock(mutex_);
    counters(out, "till_http_requests_total", "Requests that were answered.", requests_);
    counters(out, "till_http_refused_total",
             "Requests and connections that were refused before anybody looked at them.", refusals_);
    counters(out, "till_webhooks_total", "Webhooks by what became of them.", webhooks_);
    counters(out, "till_events_total", "Events by what the handler made of them.", events_);
    counters(out, "till_reconcile_total", "Passes over what is not known, by how they ended.", reconciles_);
    counters(out, "till_operator_logins_total", "Tokens that were shown to the operator's pages.", logins_);
    describe(out, "till_http_request_seconds", "histogram", "From a request's end to its answer.");
    for (const auto& [labels, durations] : durations_) {
      for (std::size_t i = 0; i < kBucketsMs.size(); ++i)
        sample(out, "till_http_request_seconds_bucket", labels + "," + label("le", seconds(kBucketsMs[i])),
               std::to_string(durations.buckets[i]));
      sample(out, "till_http_request_seconds_bucket", labels + "," + label("le", "+Inf"),
             std::to_string(durations.count));
      sample(out, "till_http_request_seconds_sum", labels, seconds(durations.sum_ms));
      sample(out, "till_http_request_seconds_count", labels, std::to_string(durations.count));
    }
  }
  write_server(out, moment.server);
  write_store(out, moment);
  describe(out, "till_log_lines_dropped_total", "counter", "Lines that nobody read in time.");
  sample(out, "till_log_lines_dropped_total", {}, std::to_string(moment.log_dropped));
  return out;
}

}  // namespace till::service
