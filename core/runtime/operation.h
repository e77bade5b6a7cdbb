// Operation: one call as a machine that is stepped: it says what it needs next, and somebody gives it. It performs no
// I/O, so that the built-in client, a host's own client and a test all drive the same steps:
//
//   input checked -> script runs to its first request -> write recorded -> request ... reply -> script ends ->
//   committed
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/client.h"
#include "core/http/message.h"
#include "core/payment/payment.h"
#include "core/payment/transition.h"
#include "core/plugin/script.h"
#include "core/runtime/handles.h"
#include "core/runtime/operation_input.h"
#include "core/runtime/watch_target.h"
#include "core/runtime/webhook.h"
#include "core/store/queue.h"

namespace till {

class Gateway;
struct Incoming;

// The code of the error for a list that one operation cannot go through.
inline constexpr std::string_view kListTooLong = "list_too_long";

// The code of the error for a payment that was found while another one may be meant as well.
inline constexpr std::string_view kTwin = "twin";

// Whether another payment has the reference and the amount, no id of the provider's, and an unknown outcome: what is
// found at the provider may be either.
Result<bool> has_twin(Store& store, const Payment& payment);

// What reconcile brings along when it asks about a write whose end is unknown. The operation is the question: a read,
// or, where the provider de-duplicates, the write itself again.
struct Settlement {
  Write write;
  std::string provider_id;  // of the payment that a list showed; empty: as the store has it
  bool by_hand = false;     // a person named `provider_id`, and no list
};

// One call of one operation. Not thread-safe, but may move between threads from step to step.
class Operation {
 public:
  enum class Need {
    kStore,    // run store_task() in a transaction, then stored()
    kWait,     // let wait_ms() pass, then waited(): the provider takes no more requests for now
    kRequest,  // send request(), then replied() or failed()
    kNothing,  // result() stands
  };

  // Whether prepare() looks in the store for what the call is about, and waits for that.
  static bool reads_first(std::string_view operation);
  // Checks the input and runs the script to its first request. `store` is read for what the call is about.
  // Errors here mean that nothing was recorded or sent.
  static Result<std::unique_ptr<Operation>> prepare(std::shared_ptr<Gateway> gateway, std::string_view operation,
                                                    std::string_view input_json, StoreQueue& store,
                                                    std::optional<Settlement> settlement = std::nullopt);
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  ~Operation();

  Need need() const { return need_; }

  // Good until stored(). The task may run several times, as StoreQueue does when a connection breaks.
  StoreQueue::Task store_task();
  void stored(Status status);

  std::int64_t wait_ms() const { return wait_ms_; }
  void waited();

  // Holds credentials and card data; wiped once it is answered.
  const http::Request& request() const { return request_; }
  http::SendOptions send_options() const;
  void replied(http::Response response);
  // `error.sent` says how far the request went.
  void failed(Error error);

  const Result<std::string>& result() const { return *result_; }
  // After payments.watch ended well. Call once.
  WatchTarget take_watch_target() { return *std::move(watch_target_); }
  // True when what came back settled the settlement's write, or somebody else had settled it by then.
  bool settled() const { return settled_; }
  const Clock& clock() const;
  // A fault of ours while the operation was stepped: ends it as honestly as can be said.
  void broken(const char* why);
  // Gives up: the caller has gone. What was sent without an answer stays recorded as unknown; the returned task records
  // it. Empty when nothing needs to be recorded.
  std::optional<StoreQueue::Task> abandon();

 private:
  enum class Phase { kRecord, kFind, kTalk, kCommit, kEnd };

  Operation(std::shared_ptr<Gateway> gateway, std::shared_ptr<const GatewayConfig> config, std::string_view operation,
            OperationInput input);

  const GatewayConfig& config() const { return *config_; }

  // Before the first request.
  Status begin(std::string_view input_json, StoreQueue& store);
  Status look_up(StoreQueue& lookup);
  Status look_up_payment(Store& store);
  Status check_askable();
  Status take_its_version(std::string_view input_json);
  void plan_write();
  std::string kept_input() const;
  json::Value script_card(const CardData& card);
  json::Value script_input();
  Status run_script();
  Status record(Store& store);
  bool may_be_recorded(const Error& why) const;
  void answer_repeat();
  Status answer_settled(Store& store, const Write& recorded);

  // Between requests.
  std::int64_t left_ms() const;
  void take_step(Result<plugin::ScriptStep> step);
  void pass_on_log();
  void take_request(plugin::ScriptRequest wanted);
  void send_when_allowed();
  bool hold(std::int64_t wait_ms);
  bool may_repeat(const http::Response& response, const Error& refusal) const;
  void prepare_request();
  void give_up_request(Error error);
  bool is_challenge(const http::Response& response) const;
  void take_output(json::Value output);
  void take_result(json::Value result);

  // A list that is given whole.
  Error list_error(std::string_view code, const std::string& problem) const;
  Error list_too_long() const;
  plugin::ScriptLimits script_limits() const;
  void take_page(json::Value page);
  void ask_for_page(json::Value cursor);

  void take_watch(const json::Value& output);

  // A webhook, between what it says and what is true.
  Status take_webhook(std::string_view input_json);
  static void count_refusal(Gateway& gateway, const Error& error);
  Error told(Error error) const;
  void take_news(json::Value output);
  WebhookOutcome::Trust told_trust() const;
  Result<bool> claim_event(Store& store, WebhookState state);
  bool may_be_news() const;
  Status place_news(Store& store);
  void answer_webhook(WebhookOutcome outcome);
  void answer_duplicate();
  Status keep_unmatched(Store& store);
  Status commit_told(Store& store);
  Status refuse_told(Store& store, const Error& why);
  Status limit_hints(Store& store);
  void refetch();
  Status begin_refetch();
  Status commit_fetched(Store& store);
  Status commit_unfetched(Store& store, const Error& why);
  Status match_webhooks(Store& store, const Payment& payment);

  // The end.
  void finish(Error error);
  void wipe_request();
  void note_answer(const http::Response& response, bool refusal);
  void note_place(int status, const Incoming& incoming);
  Error unknown_outcome(Error why) const;
  Status commit(Store& store);
  Status commit_error(Store& store, Error error);
  Status commit_output(Store& store);
  Status commit_unfit(Store& store, Error error);
  Status commit_mismatch(Store& store, const std::string& reason);
  Result<json::Value> commit_result(Store& store);
  Result<json::Value> commit_payment(Store& store);
  Status check_owner(Store& store, const Payment& payment, const std::string& provider_id) const;
  bool has_moved(const Payment& current) const;
  Result<json::Value> keep_newer(Store& store, const Payment& current);
  Result<json::Value> commit_page(Store& store);
  Result<json::Value> commit_page_item(Store& store, const json::Value& item);
  Result<json::Value> commit_refund(Store& store);
  Status commit_other_refund(Store& store, const std::string& reason);
  Result<json::Value> commit_refunds(Store& store);
  Result<Payment> current_payment(Store& store) const;
  Payment expected(Payment payment) const;
  Status keep(Store& store, const Payment& before, Change& change);

  // A refund, against its payment.
  bool takes_other_currencies() const;
  Status check_asked_refund(Store& store) const;
  Status check_told_refund(const Payment& payment) const;

  // A write whose end was unknown.
  Status look_up_settled(Store& store);
  Status claim_found(Store& store, Payment& payment) const;
  Status check_named(const Payment& payment, const Observation& seen) const;
  Result<json::Value> commit_candidates(Store& store);
  Result<json::Value> settled_refund(Store& store, const Payment& before, Payment& payment);
  Result<bool> tells(Store& store, const json::Value& result) const;
  Status settle(Store& store, const json::Value& result);
  void end(Result<std::string> result);

  std::shared_ptr<Gateway> gateway_;
  std::shared_ptr<const GatewayConfig> config_;  // stays the same to the end, whatever is reloaded meanwhile
  std::string operation_;
  OperationInput input_;
  bool is_write_;
  bool returns_secrets_;
  UnixMillis started_at_;
  std::int64_t started_ms_;  // the same moment on the steady clock, by which its time is counted
  Handles handles_;
  std::optional<plugin::ScriptRun> script_;
  std::size_t logged_ = 0;          // lines of the script's log that were passed on
  std::optional<Payment> payment_;  // the one that the call is about: as looked up, or as it will be made
  std::optional<Write> write_;      // the record of a write
  std::optional<WatchTarget> watch_target_;
  std::optional<ReceivedWebhook> webhook_;  // one that came
  std::optional<WebhookNews> news_;         // what it said
  // Set once a hint was counted: until when it must wait, or nullopt.
  std::optional<std::optional<UnixMillis>> hint_limit_;
  std::optional<Settlement> settlement_;
  bool settled_ = false;
  bool changed_ = false;  // the payment's status is another one now

  Phase phase_ = Phase::kTalk;
  Need need_ = Need::kNothing;
  std::optional<Result<plugin::ScriptStep>> first_step_;  // waits until the write is recorded
  std::optional<Write> earlier_;                          // the record that was there already
  plugin::ScriptRequest wanted_;                          // what the script asked for last, ...
  std::string request_key_;                               // ... the idempotency key it goes with, ...
  http::Request request_;                                 // ... and what it became
  std::string place_;                                     // where its answer came from, when an error is to name it
  std::int64_t wait_ms_ = 0;                              // what the need to wait is for
  std::int64_t waited_ms_ = 0;                // all waiting so far; does not count as the operation's own time
  bool challenged_ = false;                   // the server asked for credentials that were to wait for that
  json::Array items_;                         // of the pages so far, where a list is given whole, ...
  int pages_ = 0;                             // ... how many they were, ...
  std::size_t list_bytes_ = 0;                // ... how long, ...
  json::Value cursor_;                        // ... and which one the script is asked for; null: the first
  int requests_ = 0;                          // that the script made so far
  int write_requests_ = 0;                    // handed out so far
  bool asked_write_ = false;                  // the request that waits for its answer may change something
  bool answered_ = false;                     // a request had its answer
  bool acted_ = false;                        // such a request arrived, or may have, and was not refused
  bool refused_ = false;                      // such a request was refused: it changed nothing
  std::optional<json::Value> output_;         // what the script returned, with nothing hidden left in it
  std::optional<Error> error_;                // how the operation ended otherwise
  std::optional<Result<std::string>> ready_;  // becomes the result once it is committed
  std::optional<Result<std::string>> result_;
};

}  // namespace till
