// Inquiry: one write whose end is unknown, and the questions to the provider that may settle it. It asks in the way
// that the provider's manifest declares, never sends a write again that might act twice, and says when it cannot tell.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/json/value.h"
#include "core/payment/payment.h"
#include "core/plugin/manifest.h"
#include "core/runtime/gateway.h"
#include "core/runtime/operation.h"
#include "core/store/store.h"

namespace till {

// How an inquiry ended.
struct Verdict {
  bool settled = false;
  // Why not: "no_way" (the provider documents none), "no_reference" (nothing to look for), "not_found", "several",
  // "list_too_long", "input_not_kept", "key_too_old", "not_told" (the state of the payment does not say) or "failed".
  std::string reason{};
  std::optional<Error> error{};  // with "failed"
};

// Works on the threads of the gateway's Runtime, one question after another, and keeps itself alive until it calls
// back. Each question begins with a look into the store, on the thread that may wait for it (Engine::run_aside).
class Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  using Callback = std::function<void(Verdict)>;

  // Calls back once, possibly before it returns.
  static void begin(std::shared_ptr<Gateway> gateway, Write write, Callback callback);

 private:
  struct Private {};

 public:
  Inquiry(Private, std::shared_ptr<Gateway> gateway, Write write, Callback callback);

 private:
  using Answer = void (Inquiry::*)(Operation&);
  using Step = void (Inquiry::*)();

  void aside(Step step);
  void start();
  Status look_up(Store& store);
  void ask(const std::string& operation, const json::Value& input, std::string provider_id, Answer answer);
  void ask_about_payment(std::string provider_id);
  void answered(Operation& operation);

  void repeat();
  void next_page();
  void paged(Operation& operation);
  Status take_page(const json::Value& page);
  void choose();
  void fetch_next();
  void fetched(Result<std::string> payment);

  void unsettled(std::string reason);
  void failed(Error error);
  void finish(Verdict verdict);

  const std::shared_ptr<Gateway> gateway_;
  const std::shared_ptr<const GatewayConfig> config_;
  const Write write_;
  const plugin::Reconcile* way_ = nullptr;
  Callback callback_;
  std::optional<Payment> payment_;  // what the write is about, as the store has it
  bool has_twin_ = false;           // another payment of unknown outcome would match the same
  int pages_ = 0;
  json::Value cursor_;
  std::vector<std::string> same_;   // the provider's ids of what can be this payment
  std::vector<std::string> maybe_;  // and of what may be, once its reference is known
  std::size_t fetched_ = 0;
};

}  // namespace till
