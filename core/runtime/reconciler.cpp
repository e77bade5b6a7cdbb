// Reconciler: pass, pause, pass.
#include "core/runtime/reconciler.h"

#include <utility>

#include "core/base/random.h"
#include "core/json/json.h"
#include "core/runtime/engine.h"
#include "core/runtime/fork.h"
#include "core/runtime/log.h"
#include "core/runtime/reconcile.h"

namespace till {
namespace {

Result<std::int64_t> count_option(const json::Value& options, std::string_view key, std::int64_t otherwise,
                                  std::int64_t min, std::int64_t max) {
  const json::Value* given = options.find(key);
  if (!given || given->is_null()) return otherwise;
  const auto count = given->as_integer();
  if (!count || *count < min || *count > max)
    return invalid_request("$." + std::string(key),
                           "expected an integer from " + std::to_string(min) + " to " + std::to_string(max));
  return *count;
}

}  // namespace

Result<std::shared_ptr<Reconciler>> Reconciler::open(std::shared_ptr<Gateway> gateway, std::string_view options_json,
                                                     PassEnded pass_ended) {
  TILL_ASSIGN(const json::Value options, json::parse(options_json.empty() ? "{}" : options_json));
  if (!options.object()) return invalid_request("$", "options are a JSON object");
  for (const auto& [key, value] : *options.object())
    if (key != "every_ms" && key != "limit")
      return invalid_request("$." + key, "unknown option; there are every_ms and limit");
  TILL_ASSIGN(const std::int64_t every_ms,
              count_option(options, "every_ms", kDefaultReconcileEveryMs, kMinReconcileEveryMs, kMaxReconcileEveryMs));
  TILL_ASSIGN(const std::int64_t limit, count_option(options, "limit", kDefaultReconcileLimit, 1, kMaxReconcileLimit));
  TILL_TRY(gateway->runtime().engine());
  auto made = std::make_shared<Reconciler>(Private(), std::move(gateway),
                                           json::write(json::Object{{"limit", json::Value::integer(limit)}}), every_ms,
                                           limit, std::move(pass_ended));
  made->run();
  return made;
}

Reconciler::Reconciler(Private, std::shared_ptr<Gateway> gateway, std::string pass_input, std::int64_t every_ms,
                       std::int64_t limit, PassEnded pass_ended)
    : fork_generation_(fork_generation()),
      gateway_(std::move(gateway)),
      pass_input_(std::move(pass_input)),
      every_ms_(every_ms),
      limit_(limit),
      pass_ended_(std::move(pass_ended)) {}

Reconciler::~Reconciler() = default;

Result<std::string> Reconciler::last() const {
  if (fork_generation_ != fork_generation())
    return Error{.kind = ErrorKind::kConflict,
                 .code = "inherited_reconciler",
                 .message = "this reconciler was opened before fork() and goes on in the process that opened it"};
  const std::lock_guard lock(mutex_);
  return last_;
}

void Reconciler::close() {
  if (fork_generation_ != fork_generation()) return;
  const std::lock_guard lock(mutex_);
  over_ = true;
}

void Reconciler::run() {
  {
    const std::lock_guard lock(mutex_);
    if (over_) return;
  }
  gateway_->start("reconcile", pass_input_, [weak = weak_from_this()](Result<std::string> report) {
    if (const auto self = weak.lock()) self->ended(std::move(report));
  });
}

void Reconciler::ended(Result<std::string> report) {
  if (!report.ok()) write_log("warn", gateway_->name(), "reconcile: " + report.error().message);
  const std::int64_t delay_ms = pause_ms(report);
  if (pass_ended_) pass_ended_(report);
  {
    const std::lock_guard lock(mutex_);
    last_ = std::move(report);
  }
  const auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return;
  (*engine)->wait(delay_ms, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->run();
  });
}

// Up to an eighth longer, so that those of several machines do not ask all at the same moment.
std::int64_t Reconciler::pause_ms(const Result<std::string>& report) const {
  const std::int64_t usual_ms = every_ms_ + every_ms_ / 8 * random_byte() / 255;
  if (!report.ok()) return usual_ms;
  const auto said = json::parse(*report, {.max_bytes = report->size()});
  if (!said.ok() || said->find_integer("looked") != limit_ || said->find_integer("failed") != 0) return usual_ms;
  return 0;
}

}  // namespace till
