#include "core/service/reconciler.h"

#include <chrono>
#include <optional>
#include <utility>

#include "core/http/loop.h"
#include "core/json/json.h"
#include "core/service/surroundings.h"

namespace till::service {

Reconciler::Reconciler(Surroundings& around, std::int64_t interval_ms) : around_(around) {
  thread_ = std::thread([this, interval_ms] {
    http::block_all_signals();
    run(interval_ms);
  });
}

Reconciler::~Reconciler() {
  {
    const std::lock_guard lock(pass_->mutex);
    pass_->stopping = true;
  }
  pass_->changed.notify_all();
  thread_.join();
}

void Reconciler::run(std::int64_t interval_ms) {
  while (true) {
    for (const auto& [name, gateway] : around_.gateways) reconcile(name, *gateway);
    std::unique_lock lock(pass_->mutex);
    if (pass_->changed.wait_for(lock, std::chrono::milliseconds(interval_ms), [this] { return pass_->stopping; }))
      return;
  }
}

void Reconciler::reconcile(const std::string& name, Gateway& gateway) {
  {
    const std::lock_guard lock(pass_->mutex);
    if (pass_->stopping) return;
    pass_->done = false;
  }
  auto reply = std::make_shared<std::optional<Result<std::string>>>();
  gateway.start("reconcile", "{}", [pass = pass_, reply](Result<std::string> result) {
    {
      const std::lock_guard lock(pass->mutex);
      reply->emplace(std::move(result));
      pass->done = true;
    }
    pass->changed.notify_all();
  });
  std::unique_lock lock(pass_->mutex);
  pass_->changed.wait(lock, [this] { return pass_->done || pass_->stopping; });
  if (!pass_->done) return;
  const Result<std::string>& result = **reply;
  if (!result.ok() && result.error().kind == ErrorKind::kUnsupported) return;
  if (!result.ok()) {
    around_.metrics.count_reconcile(name, "failed");
    return around_.log->warn("reconcile", {{"gateway", name}, {"reason", result.error().code}});
  }
  around_.metrics.count_reconcile(name, "done");
  around_.on_news();
}

}  // namespace till::service
