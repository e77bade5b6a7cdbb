// Engine: turns what an operation needs into calls of the client and the store, step by step.
#include "core/runtime/engine.h"

#include <exception>
#include <utility>

#include "core/runtime/log.h"

namespace till {
namespace {

thread_local int own_thread_depth = 0;

// Marks this thread as an engine's for as long as it lives.
class OwnThread {
 public:
  OwnThread() { ++own_thread_depth; }
  ~OwnThread() { --own_thread_depth; }
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;
};

}  // namespace

// What one operation's callbacks share. The last of them to go may be the last owner of the runtime.
struct Engine::Run {
  std::unique_ptr<Operation> operation;
  Callback callback;
};

Engine::Engine(http::ClientOptions http, std::unique_ptr<Store> store, std::unique_ptr<Store> reader)
    : store_(std::move(store), std::move(reader)), client_(std::move(http)) {
  store_.on_inbox_change([this] {
    const OwnThread mark;
    inbox_bell_.ring();
  });
}

bool Engine::on_own_thread() { return own_thread_depth > 0; }

Status Engine::check_may_wait() {
  if (!on_own_thread()) return {};
  return Error{.kind = ErrorKind::kInternal,
               .code = "call_in_callback",
               .message =
                   "a callback may not wait for another call: it would wait for itself; start the call, or make "
                   "it on a thread of your own"};
}

void Engine::wait(std::int64_t delay_ms, std::function<void()> task) {
  client_.wait(delay_ms, [task = std::move(task)](const Status& waited) {
    const OwnThread mark;
    if (waited.ok()) task();
  });
}

void Engine::run_aside(std::function<void()> task) {
  const std::function<void()> run = [shared = std::make_shared<std::function<void()>>(std::move(task))] {
    const OwnThread mark;
    const auto held = std::move(*shared);  // goes before the mark does
    try {
      held();
    } catch (const std::exception& failed) {
      write_log("warn", "runtime", std::string("what was begun could not go on: ") + failed.what());
    }
  };
  if (!reading_.submit(run)) run();  // without a thread for it, here
}

void Engine::wait_or_close(std::int64_t delay_ms, std::function<void()> task) {
  client_.wait(delay_ms, [task = std::move(task)](const Status&) {
    const OwnThread mark;
    task();
  });
}

void Engine::change(StoreQueue::Task task, StoreQueue::Done done) {
  store_.submit(std::move(task), [done = std::move(done)](Status status) mutable {
    const OwnThread mark;
    const StoreQueue::Done held = std::move(done);  // goes before the mark does
    held(std::move(status));
  });
}

http::Client::StreamId Engine::stream(http::Request request, http::StreamOptions options,
                                      http::Client::BytesCallback on_bytes, http::Client::Callback on_end) {
  return client_.stream(
      std::move(request), options,
      [on_bytes = std::move(on_bytes)](const http::Response& head, std::string_view bytes) {
        const OwnThread mark;
        return on_bytes(head, bytes);
      },
      [on_end = std::move(on_end)](Result<http::Response> end) {
        const OwnThread mark;
        on_end(std::move(end));
      });
}

void Engine::drive(std::unique_ptr<Operation> operation, Callback callback) {
  step(std::make_shared<Run>(Run{std::move(operation), std::move(callback)}));
}

// Nothing that goes wrong in a step may reach the threads of the client or the store.
template <class Step>
void Engine::advance(std::shared_ptr<Run> run, Step step_operation) {
  const OwnThread mark;
  const auto held = std::move(run);  // goes before the mark does
  try {
    step_operation(*held->operation);
    step(held);
  } catch (const std::exception& failed) {
    if (held->operation->need() == Operation::Need::kNothing) return;
    held->operation->broken(failed.what());
    held->callback(*held->operation);
  }
}

void Engine::step(std::shared_ptr<Run> run) {
  Operation& operation = *run->operation;
  switch (operation.need()) {
    case Operation::Need::kStore:
      store_.submit(operation.store_task(), [this, run](Status status) mutable {
        advance(std::move(run), [&](Operation& stepped) { stepped.stored(std::move(status)); });
      });
      return;
    case Operation::Need::kWait:
      client_.wait(operation.wait_ms(), [this, run](Status status) mutable {
        advance(std::move(run), [&](Operation& stepped) {
          if (status.ok())
            stepped.waited();
          else
            stepped.failed(std::move(status).error());
        });
      });
      return;
    case Operation::Need::kRequest:
      client_.send(operation.request(), operation.send_options(), [this, run](Result<http::Response> response) mutable {
        advance(std::move(run), [&](Operation& stepped) {
          if (response.ok())
            stepped.replied(std::move(response).value());
          else
            stepped.failed(std::move(response).error());
        });
      });
      return;
    case Operation::Need::kNothing:
      run->callback(operation);
      return;
  }
}

}  // namespace till
