#include "core/service/service.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

#include "core/http/tls.h"
#include "core/json/json.h"
#include "core/json/path.h"
#include "core/runtime/engine.h"
#include "core/service/config_secrets.h"
#include "core/service/members.h"
#include "core/service/surroundings.h"
#include "core/service/visit.h"

namespace till::service {
namespace {

// An object where the provider wants something else was perhaps meant to name a secret.
Error of_settings(Error error, const GatewaySetup& setup) {
  const auto settings = json::parse(setup.settings_json.reveal());
  const json::Value* value =
      settings.ok() && error.field.starts_with("$.") ? settings->find(error.field.substr(2)) : nullptr;
  if (value != nullptr && value->object()) error.message += "; a secret is " + std::string(kSecretShapes);
  return error;
}

// The runtime and the gateways: everything that a configuration can be wrong about, and nothing that does anything.
Status open_gateways(ServiceConfig& config, Surroundings& around) {
  TILL_ASSIGN(around.runtime, Runtime::open(std::move(config.runtime)));
  std::map<std::string, std::string, std::less<>> accounts;  // to the name in the configuration
  for (const GatewaySetup& setup : config.gateways) {
    const std::string place = json::member_path("$.gateways", setup.name);
    auto opened = Gateway::open(around.runtime, setup.provider, setup.settings_json.reveal());
    if (!opened.ok()) {
      const bool about_settings = opened.error().kind == ErrorKind::kConfiguration;
      if (!about_settings) return inside(std::move(opened).error(), place + ".provider");
      return inside(of_settings(std::move(opened).error(), setup), place + ".settings");
    }
    const auto [other, is_new] = accounts.emplace((*opened)->name(), setup.name);
    if (!is_new)
      return configuration_error(place + ".settings.label", "the gateway " + other->second + " is the account \"" +
                                                                other->first + "\" too: give each a label of its own");
    around.gateways.emplace(setup.name, *std::move(opened));
  }
  return {};
}

Status check_certificates(const std::vector<http::ListenOptions>& doors, const std::string& place) {
  for (const http::ListenOptions& door : doors) {
    if (door.cert_file.empty()) continue;
    auto made = http::TlsContext::make_server(door.cert_file, door.key_file);
    if (!made.ok()) return configuration_error(place + "." + made.error().field, made.error().message);
  }
  return {};
}

// The listener that an error about "listen[2].address" or "listen[2].key_file" is about; nullopt: about none.
std::optional<std::size_t> listener_of(const Error& error) {
  constexpr std::string_view kList = "listen[";
  if (!error.field.starts_with(kList)) return std::nullopt;
  return std::strtoul(error.field.c_str() + kList.size(), nullptr, 10);
}

// Such an error, seen from the configuration.
Error in_config(Error error, std::size_t api_begins) {
  const auto listener = listener_of(error);
  if (!listener) return error;
  const std::size_t dot = error.field.find('.');
  const std::string what = dot == std::string::npos ? "address" : error.field.substr(dot + 1);
  error.field = (*listener < api_begins ? "$.webhooks." : "$.api.") + (what == "address" ? "listen" : what);
  return error;
}

// Of refusals nobody knows beforehand why they happen.
void begin_counts(Surroundings& around, const ServiceConfig& config) {
  for (const auto& [name, gateway] : around.gateways) {
    if (!config.webhooks.empty() && gateway->config()->manifest().capabilities.contains("webhooks.receive"))
      for (const char* result : {"accepted", "duplicate"}) around.metrics.count_webhook(name, result, "", 0);
    if (config.reconcile_interval_ms == 0) continue;
    for (const char* result : {"done", "failed"}) around.metrics.count_reconcile(name, result, 0);
  }
  if (config.handler)
    for (const char* result : {"done", "failed"}) around.metrics.count_event(result, 0);
  if (!config.api.empty())
    for (const char* result : {"accepted", "refused", "limited"}) around.metrics.count_login(result, 0);
}

std::string shown(const std::string& address, const http::ListenOptions& door) {
  if (address.starts_with("unix:")) return address;
  return (door.cert_file.empty() ? "http://" : "https://") + address;
}

}  // namespace

Service::Service(std::shared_ptr<Surroundings> around) : around_(std::move(around)) {}
Service::~Service() { close(0); }

Status Service::check(ServiceConfig config) {
  TILL_TRY(check_certificates(config.webhooks, "$.webhooks"));
  TILL_TRY(check_certificates(config.api, "$.api"));
  Surroundings around;
  return open_gateways(config, around);
}

Result<std::unique_ptr<Service>> Service::open(ServiceConfig config, Log::Sink sink) {
  auto around = std::make_shared<Surroundings>();
  TILL_TRY(open_gateways(config, *around));
  around->clock = around->runtime->options().clock;
  around->token = std::move(config.token);
  around->api_begins = config.webhooks.size();
  around->log = std::make_unique<Log>(config.log, around->clock, std::move(sink));
  around->worker = std::make_unique<Worker>(kMaxWaitingTasks);
  TILL_TRY(around->runtime->engine());  // a store that cannot be opened is told now, not to the first webhook
  begin_counts(*around, config);

  std::unique_ptr<Service> service(new Service(around));
  if (!around->token.empty()) {
    TILL_ASSIGN(around->sessions, Sessions::create(around->token));
  }
  if (config.handler) {
    TILL_ASSIGN(service->handler_, Handler::open(around, *config.handler));
  }
  service->close_timeout_ms_ = config.close_timeout_ms;
  http::ServerOptions options = std::move(config.server);
  options.listen = config.webhooks;
  options.listen.insert(options.listen.end(), config.api.begin(), config.api.end());
  options.clock = around->clock;
  options.on_refusal = [around = around.get()](const http::ServerRefusal& refusal) {
    around->metrics.count_refusal(refusal.reason);
    around->log->info("refused", json::Object{{"reason", refusal.reason},
                                              {"status", json::Value::integer(refusal.status)},
                                              {"peer", refusal.peer}});
  };
  service->doors_ = options.listen;
  auto opened = http::Server::open(std::move(options), [around](http::InboundRequest request, http::Respond respond) {
    route(std::make_shared<Visit>(around, std::move(request), std::move(respond)));
  });
  if (!opened.ok()) return in_config(std::move(opened).error(), around->api_begins);
  service->server_ = *std::move(opened);
  around->server.store(service->server_.get());
  for (std::size_t i = 0; i < service->doors_.size(); ++i)
    (i < around->api_begins ? service->webhook_addresses_ : service->api_addresses_)
        .push_back(shown(service->server_->addresses()[i], service->doors_[i]));
  if (config.reconcile_interval_ms > 0) TILL_TRY(service->reconcile_every(config.reconcile_interval_ms));
  return service;
}

Status Service::reconcile_every(std::int64_t interval_ms) {
  const std::string options = json::write(json::Object{{"every_ms", json::Value::integer(interval_ms)}});
  for (const auto& [name, gateway] : around_->gateways) {
    TILL_ASSIGN(auto opened, Reconciler::open(gateway, options, [around = around_, name = name](const auto& report) {
                  around->metrics.count_reconcile(name, report.ok() ? "done" : "failed");
                  if (!report.ok())
                    around->log->warn("reconcile", {{"gateway", name}, {"reason", report.error().code}});
                }));
    reconcilers_.push_back(std::move(opened));
  }
  return {};
}

void Service::reload_certificates() {
  if (!server_) return;
  std::map<std::string, std::string> files;  // to what is wrong with it
  for (const http::ListenOptions& door : doors_)
    if (!door.cert_file.empty()) files.insert({{door.cert_file, ""}, {door.key_file, ""}});
  for (const Error& error : server_->reload_certificates()) {
    const http::ListenOptions& door = doors_[listener_of(error).value_or(0)];
    const std::string& bad = error.code == "key_file" ? door.key_file : door.cert_file;
    for (const std::string* path : {&door.cert_file, &door.key_file})
      files[*path] = *path == bad ? error.message : "not used: " + bad + " is no good";
  }
  for (const auto& [path, reason] : files) {
    if (reason.empty())
      around_->log->info("certificate", {{"path", path}});
    else
      around_->log->warn("certificate", {{"path", path}, {"reason", reason}});
  }
}

bool Service::close(std::int64_t timeout_ms) {
  if (!server_) return true;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  around_->stopping.store(true);
  for (const auto& reconciler : reconcilers_) reconciler->close();
  reconcilers_.clear();
  bool whole = server_->close(timeout_ms);
  if (handler_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now());
    whole = handler_->finish(std::max<std::int64_t>(left.count(), 0)) && whole;
    handler_.reset();
  }
  around_->worker.reset();
  server_.reset();
  around_->gateways.clear();
  around_->log->close();
  return whole;
}

}  // namespace till::service
