// /healthz, /readyz and /metrics: how the service is.
#include <utility>

#include "core/runtime/engine.h"
#include "core/service/answers.h"
#include "core/service/visit.h"

namespace till::service {
namespace {

void later(const std::shared_ptr<Visit>& visit, void (*task)(Visit&)) {
  if (!visit->around().worker->submit([visit, task] { task(*visit); })) visit->answer(text_answer(503, "too busy"));
}

}  // namespace

Status read_store(Surroundings& around, const StoreQueue::Task& task, std::int64_t* took_ms) {
  const auto begin = std::chrono::steady_clock::now();
  TILL_ASSIGN(const std::shared_ptr<Engine> engine, around.runtime->engine());
  Status read = engine->store().read(task);
  *took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  return read;
}

// Says no more than that somebody is there to answer.
void tell_health(const std::shared_ptr<Visit>& visit) { visit->answer(text_answer(200, "alive")); }

void tell_readiness(const std::shared_ptr<Visit>& visit) {
  if (visit->around().stopping.load()) return visit->answer(text_answer(503, "stopping"));
  later(visit, [](Visit& one) {
    std::int64_t took_ms = 0;
    const Status read = read_store(
        one.around(),
        [](Store& store) -> Status {
          TILL_TRY(store.find_payment("pay_"));
          return {};
        },
        &took_ms);
    if (!read.ok()) one.set_result("failed", read.error().code);
    one.answer(read.ok() ? text_answer(200, "ready") : text_answer(503, "the store does not answer"));
  });
}

void tell_metrics(const std::shared_ptr<Visit>& visit) {
  later(visit, [](Visit& one) {
    Surroundings& around = one.around();
    Moment moment;
    if (const http::Server* server = around.server.load()) moment.server = server->counts();
    moment.log_dropped = around.log->dropped();
    moment.now_ms = around.clock->now_ms();
    const Status read = read_store(
        around,
        [&](Store& store) -> Status {
          TILL_ASSIGN(moment.store, store.counts());
          return {};
        },
        &moment.store_read_ms);
    moment.store_up = read.ok();
    http::Response response = text_answer(200, "");
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = around.metrics.text(moment);
    one.answer(std::move(response));
  });
}

}  // namespace till::service
