// Engine: what a Runtime owns in one process: the HTTP client and the store. A forked child gets an Engine of its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/base/worker.h"
#include "core/http/client.h"
#include "core/runtime/bell.h"
#include "core/runtime/operation.h"
#include "core/store/queue.h"

namespace till {

// Safe to call from any thread. Never destroyed on one of its own threads: Runtime sees to that.
class Engine {
 public:
  // The operation at its end.
  using Callback = std::function<void(Operation&)>;

  // `reader` as in StoreQueue.
  Engine(http::ClientOptions http, std::unique_ptr<Store> store, std::unique_ptr<Store> reader);

  StoreQueue& store() { return store_; }
  // Steps the operation to its end with the built-in client, then calls back, on a thread of this engine.
  void drive(std::unique_ptr<Operation> operation, Callback callback);
  // As StoreQueue::submit(), with `done` on a thread that counts as this engine's, and let go there.
  void change(StoreQueue::Task task, StoreQueue::Done done);
  // Runs `task`, which may wait for StoreQueue::read(), on the thread of this engine that is there for that. On its
  // other threads, and on a caller's that must not block, nothing may wait for the store. `task` keeps the runtime, or
  // is dropped with it.
  void run_aside(std::function<void()> task);
  // Runs `task` after `delay_ms`, on a thread of this engine; never when the engine goes before.
  void wait(std::int64_t delay_ms, std::function<void()> task);
  // The same, and when the engine goes before, at once: the store takes changes until `task` has returned.
  void wait_or_close(std::int64_t delay_ms, std::function<void()> task);
  // As http::Client::stream() and stop(). The callbacks run on a thread of this engine.
  http::Client::StreamId stream(http::Request request, http::StreamOptions options,
                                http::Client::BytesCallback on_bytes, http::Client::Callback on_end);
  void stop(http::Client::StreamId stream) { client_.stop(stream); }
  // Rings when an event may have become ready to be taken; its listeners run on a thread of this engine.
  Bell& inbox_bell() { return inbox_bell_; }
  // True on a thread that runs one of this process's engines' callbacks.
  static bool on_own_thread();
  // kInternal "call_in_callback" on such a thread: what it would wait for may need that thread.
  static Status check_may_wait();

 private:
  struct Run;
  template <class Step>
  void advance(std::shared_ptr<Run> run, Step step_operation);
  void step(std::shared_ptr<Run> run);

  Bell inbox_bell_;  // outlives the store, which rings it
  StoreQueue store_;
  http::Client client_;  // goes first, so that no reply, and nothing that waited, meets a closed store
  Worker reading_;       // goes before them: what it runs uses both. One is enough: reads take turns anyway
};

}  // namespace till
