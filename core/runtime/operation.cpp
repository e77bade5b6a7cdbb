// Operation: from the caller's input to the script's last word. What happens to that word is in operation_commit.cpp.
#include "core/runtime/operation.h"

#include <algorithm>
#include <utility>

#include "core/base/encoding.h"
#include "core/base/id.h"
#include "core/crypto/digest.h"
#include "core/http/challenge.h"
#include "core/json/json.h"
#include "core/plugin/operations.h"
#include "core/runtime/gateway.h"
#include "core/runtime/gateway_memory.h"
#include "core/runtime/incoming.h"
#include "core/runtime/log.h"
#include "core/runtime/operation_outcome.h"
#include "core/runtime/outgoing.h"

namespace till {
namespace {

// How long after its own time limit a write that nobody settled is taken for abandoned: covers pauses of its process.
constexpr std::int64_t kWriteGraceMs = 60'000;

// A server that says "now" to a request it has just refused is given this long all the same.
constexpr std::int64_t kShortestWaitMs = 100;

std::string_view last4(const CardData& card) {
  const std::string_view number = card.number.reveal();
  return number.substr(number.size() - 4);
}

// Tells a repeat from a conflict. Of a card only what may be printed on a receipt goes into it; of the options what was
// given, for another version of the plugin may have other defaults.
std::string hash_input(std::string_view operation, const OperationInput& input) {
  json::Value given = input.value;
  if (native_name(operation).empty()) given.object()->set("options", input.options);
  std::string text = std::string(operation) + '\n';
  json::write_sorted_to(given, text);
  if (input.card)
    text.append("\n").append(last4(*input.card)).append(input.card->expiry_year).append(input.card->expiry_month);
  return hex_encode(byte_view(sha256(text)));
}

Error out_of_time() {
  return {.kind = ErrorKind::kTransport,
          .code = "timeout",
          .message = "the time limit was over before the request could be sent",
          .sent = Sent::kNo,
          .retryable = true};
}

// The member of the input that names a payment of ours.
std::string_view id_member(std::string_view operation) {
  return operation.starts_with("refunds.") ? "payment_id" : "id";
}

Error unknown_payment(std::string_view operation) {
  return {.kind = ErrorKind::kNotFound,
          .code = "unknown_payment",
          .message = "this gateway's store has no such payment",
          .field = "$." + std::string(id_member(operation))};
}

bool hands_out_secrets(const plugin::Manifest& manifest, std::string_view operation) {
  if (const std::string_view name = native_name(operation); !name.empty())
    return manifest.native.find(name)->second.returns_secrets;
  return manifest.capabilities.find(operation)->second.returns_secrets;
}

// Whether an error by the manifest's rules is a refusal: a provider that failed, and asks to be tried again, may have
// done what it was asked to.
bool is_refusal(const std::optional<Error>& error) {
  return error && !(error->kind == ErrorKind::kProvider && error->retryable);
}

// A refusal is a client error, or an error by the manifest's rules in a reply that the server finished. It says nothing
// of an earlier attempt that may have arrived too, and 408 says that the server never read the request's end.
bool changed_nothing(const http::Response& response, bool refusal) {
  constexpr int kRequestTimeout = 408;
  const bool client_error = response.status >= 400 && response.status < 500 && response.status != kRequestTimeout;
  const bool said_no = client_error || (refusal && response.status >= 200 && response.status < 300);
  return said_no && !response.repeated;
}

}  // namespace

Operation::Operation(std::shared_ptr<Gateway> gateway, std::shared_ptr<const GatewayConfig> config,
                     std::string_view operation, OperationInput input)
    : gateway_(std::move(gateway)),
      config_(std::move(config)),
      operation_(operation),
      input_(std::move(input)),
      is_write_(changes_something(config_->manifest(), operation)),
      returns_secrets_(hands_out_secrets(config_->manifest(), operation)),
      started_at_(gateway_->runtime().clock().now_ms()),
      started_ms_(gateway_->runtime().clock().steady_ms()) {}

Operation::~Operation() = default;

const Clock& Operation::clock() const { return gateway_->runtime().clock(); }

bool Operation::reads_first(std::string_view operation) {
  return operation == "payments.get" || operation == "payments.watch" || operation == "payments.cancel" ||
         operation == "payments.accept" || operation.starts_with("refunds.");
}

Result<std::unique_ptr<Operation>> Operation::prepare(std::shared_ptr<Gateway> gateway, std::string_view operation,
                                                      std::string_view input_json, StoreQueue& store,
                                                      std::optional<Settlement> settlement) {
  std::shared_ptr<const GatewayConfig> config = gateway->config();
  TILL_ASSIGN(OperationInput input, read_operation_input(*config, operation, input_json));
  std::unique_ptr<Operation> self(new Operation(std::move(gateway), std::move(config), operation, std::move(input)));
  self->settlement_ = std::move(settlement);
  Status begun = self->begin(input_json, store);
  const bool ended = begun.ok() && self->result_;
  if (!begun.ok() || (ended && !self->result_->ok()))
    count_refusal(*self->gateway_, ended ? self->result_->error() : begun.error());
  if (!begun.ok()) return std::move(begun).error();
  return self;
}

Status Operation::begin(std::string_view input_json, StoreQueue& store) {
  if (operation_ == "webhooks.receive") TILL_TRY(take_webhook(input_json));
  TILL_TRY(look_up(store));
  if (result_) return {};
  TILL_TRY(take_its_version(input_json));
  if (is_write_) plan_write();
  return run_script();
}

Status Operation::look_up(StoreQueue& lookup) {
  if (settlement_) TILL_TRY(lookup.read([this](Store& store) { return look_up_settled(store); }));
  if (settlement_ && payment_) return {};
  if (!reads_first(operation_)) return {};
  TILL_TRY(lookup.read([this](Store& store) { return look_up_payment(store); }));
  return check_askable();
}

Status Operation::look_up_payment(Store& store) {
  const bool is_refund = operation_.starts_with("refunds.");
  const std::string_view key = id_member(operation_);
  const auto id = input_.value.find_string(key);
  const auto provider_id = is_refund ? std::nullopt : input_.value.find_string("provider_id");
  if (id.has_value() == provider_id.has_value())
    return invalid_request("$." + std::string(key),
                           "give one of the two: our id of the payment here, or the provider's as `provider_id`");
  if (id) {
    TILL_ASSIGN(payment_, store.find_payment(*id));
    if (payment_ && payment_->gateway == config().name) return {};
    return unknown_payment(operation_);
  }
  TILL_ASSIGN(payment_, store.find_payment_by_provider_id(config().name, *provider_id));
  if (!payment_) {
    payment_ = blank_payment(config());
    payment_->provider_id = *provider_id;
  }
  return {};
}

// A payment that the provider gave no id cannot be asked about.
Status Operation::check_askable() {
  if (!payment_->provider_id.empty()) return {};
  if (payment_->outcome == Outcome::kUnknown)
    return Error{.kind = ErrorKind::kOutcomeUnknown,
                 .code = "outcome_unknown",
                 .message = "nobody knows whether this payment exists at the provider, which gave no id for it: " +
                            std::string(how_to_settle(config(), "payments.create")) + " and tell settle what is there",
                 .payment_id = payment_->id,
                 .settle = settled_by(config(), "payments.create")};
  if (operation_ != "payments.get")
    return Error{.kind = ErrorKind::kConflict,
                 .code = "no_provider_id",
                 .message = "the provider keeps nothing under this payment that could be changed",
                 .payment_id = payment_->id};
  end(json::write(payment_to_json(*payment_)));
  return {};
}

// A payment keeps to the version of the plugin that made it: only that one surely understands its `state` and its ids.
// Where that version is gone, or lacks the operation, the current one has to do.
Status Operation::take_its_version(std::string_view input_json) {
  if (!payment_ || payment_->plugin_version.empty()) return {};
  if (payment_->plugin_version == config().manifest().version) return {};
  auto its_own = gateway_->config_for(payment_->plugin_version);
  if (!its_own || !its_own->manifest().capabilities.contains(operation_)) return {};
  TILL_ASSIGN(input_, read_operation_input(*its_own, operation_, input_json));
  config_ = std::move(its_own);
  returns_secrets_ = hands_out_secrets(config_->manifest(), operation_);
  return {};
}

void Operation::plan_write() {
  if (settlement_) {
    write_ = settlement_->write;
    return;
  }
  const UnixMillis now_ms = clock().now_ms();
  // All three at once, needed or not: the kernel's answer costs more than an id.
  auto [payment_id, key, write_id] = new_ids({"pay_", "key_", "wrt_"}, clock());
  if (operation_ == "payments.create") payment_ = planned_payment(config(), input_, std::move(payment_id), now_ms);
  if (input_.idempotency_key.empty()) input_.idempotency_key = std::move(key);
  write_ = Write{.id = std::move(write_id),
                 .gateway = config().name,
                 .idempotency_key = input_.idempotency_key,
                 .operation = operation_,
                 .input_hash = hash_input(operation_, input_),
                 .payment_id = payment_ ? payment_->id : std::string(),
                 .state = WriteState::kInFlight,
                 .created_at = now_ms,
                 .deadline_at = now_ms + config().timeout_ms + config().rate_limit_wait_ms + kWriteGraceMs,
                 .outcome = {},
                 .input = kept_input()};
}

// What reconcile needs of it later. A payment by card is never made again, and its card is never kept.
std::string Operation::kept_input() const {
  if (!config().manifest().reconcile.contains(operation_) || input_.card) return {};
  return json::write(input_.value);
}

// The card as scripts see it: handles for what must stay hidden, the rest in clear.
json::Value Operation::script_card(const CardData& card) {
  const auto digits = static_cast<std::int64_t>(card.number.reveal().size());
  json::Object members{{"number", handles_.add(Handles::Kind::kCardData, card.number.reveal())},
                       {"number_length", json::Value::integer(digits)},
                       {"expiry_month", card.expiry_month},
                       {"expiry_year", card.expiry_year},
                       {"holder_name", card.holder_name},
                       {"last4", last4(card)}};
  if (!card.cvv.reveal().empty()) members.set("cvv", handles_.add(Handles::Kind::kCardData, card.cvv.reveal()));
  return members;
}

json::Value Operation::script_input() {
  json::Value input = input_.value;
  if (!input.object()) return input;
  json::Object& members = *input.object();
  if (input_.card) members.set("card", script_card(*input_.card));
  if (!native_name(operation_).empty()) return input;
  if (write_) members.set("idempotency_key", write_->idempotency_key);
  if (operation_ == "payments.list" && settlement_) members.set("wanted", wanted_input(settlement_->write));
  if (payment_ && operation_ != "payments.create") {
    members.set("payment", payment_to_json(*payment_));
    members.set("provider_id", payment_->provider_id);
    if (!payment_->state.is_null()) members.set("state", payment_->state);
  }
  if (!cursor_.is_null()) members.set("cursor", cursor_);
  if (operation_ == "refunds.get") members.set("id", refund_provider_id(*payment_, input_.value));
  return input;
}

Status Operation::run_script() {
  TILL_ASSIGN(auto script,
              plugin::ScriptRun::open(config().plugin, operation_, script_input(), config().script_settings, clock(),
                                      script_limits(), &gateway_->memory().nonces));
  script_.emplace(std::move(script));
  logged_ = 0;
  auto step = script_->begin();
  pass_on_log();
  if (!step.ok()) return told(std::move(step).error());
  if (!is_write_ || settlement_) {
    take_step(std::move(step));
    return {};
  }
  first_step_.emplace(std::move(step));
  phase_ = Phase::kRecord;
  need_ = Need::kStore;
  return {};
}

StoreQueue::Task Operation::store_task() {
  return [this](Store& store) {
    if (phase_ == Phase::kRecord) return record(store);
    return phase_ == Phase::kFind ? place_news(store) : commit(store);
  };
}

// A payment that is to be changed may have been pruned since it was looked up.
Status Operation::record(Store& store) {
  TILL_ASSIGN(earlier_, store.claim_write(*write_));
  if (earlier_ || write_->payment_id.empty()) return {};
  if (operation_ == "payments.create") return store.put_payment(*payment_);
  TILL_ASSIGN(const auto kept, store.find_payment(write_->payment_id));
  if (!kept) return unknown_payment(operation_);
  return operation_ == "refunds.create" ? check_asked_refund(store) : Status();
}

void Operation::stored(Status status) {
  if (!status.ok()) {
    // What is recorded stays in the store as in flight, and becomes unknown with time. Where the store has no record of
    // it any more, only the caller is told.
    Error error = std::move(status).error();
    if (acted_ || may_be_recorded(error)) error = unknown_outcome(std::move(error));
    end(std::move(error));
    return;
  }
  if (phase_ == Phase::kCommit) {
    end(*std::move(ready_));
  } else if (phase_ == Phase::kFind) {
    refetch();
  } else if (earlier_) {
    answer_repeat();
  } else {
    phase_ = Phase::kTalk;
    take_step(*std::move(first_step_));
  }
}

// Reconcile may send what is recorded: whoever called the same again, with another key, would have it done twice.
bool Operation::may_be_recorded(const Error& why) const {
  if (!write_ || settlement_ || earlier_) return false;
  return phase_ != Phase::kRecord || why.code == "store_commit_unknown";
}

void Operation::answer_repeat() { end(earlier_outcome(config(), *earlier_, *write_, clock().now_ms())); }

std::int64_t Operation::left_ms() const { return started_ms_ + waited_ms_ + config().timeout_ms - clock().steady_ms(); }

http::SendOptions Operation::send_options() const {
  http::SendOptions options;
  options.timeout_ms = std::clamp<std::int64_t>(left_ms(), 1, config().timeout_ms);
  // Outside of writes no key goes along, so there only what changes nothing may arrive twice.
  const bool carries_key = wanted_.idempotent && !config().manifest().idempotency_header.empty();
  options.repeatable = wanted_.read || (asked_write_ && carries_key);
  options.once = wanted_.once;
  return options;
}

void Operation::wipe_request() {
  wipe(request_.body);
  wipe(request_.url);
  for (auto& [name, value] : request_.headers) wipe(value);
}

void Operation::replied(http::Response response) {
  wipe_request();
  const UnixMillis now_ms = clock().now_ms();
  gateway_->memory().rate.note(read_rate_hint(config().manifest().rate_limit, response.headers, now_ms), now_ms);
  if (is_challenge(response)) {
    challenged_ = true;
    send_when_allowed();
    return;
  }
  Incoming incoming = incoming_reply(response, wanted_.expect, config(), handles_, now_ms);
  if (incoming.refusal && may_repeat(response, *incoming.refusal) && hold(*incoming.refusal->retry_after_ms)) return;
  note_answer(response, is_refusal(incoming.refusal));
  note_place(response.status, incoming);
  if (incoming.refusal)
    give_up_request(*std::move(incoming.refusal));
  else
    take_step(script_->resume(std::move(incoming.reply)));
}

void Operation::note_answer(const http::Response& response, bool refusal) {
  answered_ = true;
  if (!asked_write_) return;
  (changed_nothing(response, refusal) ? refused_ : acted_) = true;
}

// A wrong `base_url` shows in such answers.
void Operation::note_place(int status, const Incoming& incoming) {
  constexpr int kNotFound = 404;
  if (!incoming.fault.empty())
    place_ = " (the answer of " + shown_url(wanted_, config()) + " cannot be read: " + incoming.fault + ")";
  else if (!incoming.reply.json)
    place_ = " (no JSON came from " + shown_url(wanted_, config()) + ")";
  else if (status == kNotFound)
    place_ = " (asked: " + shown_url(wanted_, config()) + ")";
}

// With the same idempotency key, so that it stays the same write. What may have changed something is not sent twice.
bool Operation::may_repeat(const http::Response& response, const Error& refusal) const {
  return refusal.kind == ErrorKind::kRateLimited && refusal.retry_after_ms &&
         (!asked_write_ || changed_nothing(response, true));
}

void Operation::failed(Error error) {
  wipe_request();
  if (asked_write_ && error.sent != Sent::kNo) acted_ = true;
  give_up_request(std::move(error));
}

// Nothing comes of the request. A read that may fail only tells the script so: what it follows is known.
void Operation::give_up_request(Error error) {
  if (!wanted_.optional) return finish(std::move(error));
  place_.clear();
  write_log("warn", config().manifest().id + " " + operation_,
            "an optional request came to nothing: " + hide_secrets(std::move(error), config(), handles_).message);
  take_step(script_->resume(std::nullopt));
}

void Operation::pass_on_log() {
  const auto& lines = script_->log();
  for (; logged_ < lines.size(); ++logged_) {
    const json::Value shown = handles_.shown(lines[logged_].text, false);
    write_log(lines[logged_].level, config().manifest().id + " " + operation_, config().redact(*shown.string()));
  }
}

void Operation::take_step(Result<plugin::ScriptStep> step) {
  pass_on_log();
  if (!step.ok()) {
    Error error = std::move(step).error();
    if (pages_ > 0 && (error.code == "script_requests" || error.code == "script_time")) error = list_too_long();
    if (answered_ && (!is_write_ || acted_ || refused_)) error.sent = Sent::kYes;
    finish(std::move(error));
  } else if (auto* wanted = std::get_if<plugin::ScriptRequest>(&*step)) {
    take_request(std::move(*wanted));
  } else {
    take_output(std::move(std::get<plugin::ScriptDone>(*step).output));
  }
}

void Operation::take_request(plugin::ScriptRequest wanted) {
  wanted_ = std::move(wanted);
  place_.clear();
  ++requests_;
  asked_write_ = is_write_ && !wanted_.read;
  request_key_.clear();
  if (asked_write_) {
    request_key_ = write_->idempotency_key;
    if (++write_requests_ > 1) request_key_ += "-" + std::to_string(write_requests_);
  }
  send_when_allowed();
}

// What a write has begun is finished, though: asking too often risks another refusal, giving up an unknown outcome.
void Operation::send_when_allowed() {
  const RateMemory& rate = gateway_->memory().rate;
  const std::int64_t wait_ms = rate.wait_ms(clock().now_ms());
  if (wait_ms > 0 && hold(wait_ms)) return;
  if (wait_ms > 0 && (!acted_ || wanted_.optional))
    give_up_request(rate.error(config().manifest(), wait_ms));
  else
    prepare_request();
}

// False when the gateway does not let its operations wait as long. Those that wait together go on one after the other,
// where there is time for it.
bool Operation::hold(std::int64_t wait_ms) {
  wait_ms = std::max(wait_ms, kShortestWaitMs);
  const std::int64_t left_ms = config().rate_limit_wait_ms - waited_ms_;
  if (wait_ms > left_ms) return false;
  const UnixMillis now_ms = clock().now_ms();
  wait_ms = std::min(gateway_->memory().rate.turn_at(now_ms + wait_ms) - now_ms, left_ms);
  waited_ms_ += wait_ms;
  wait_ms_ = wait_ms;
  need_ = Need::kWait;
  return true;
}

void Operation::waited() { prepare_request(); }

// What has not begun when its time is over is not begun any more: the outcome would surely be unknown.
void Operation::prepare_request() {
  if (left_ms() <= 0 && !acted_) return give_up_request(out_of_time());
  const bool authenticate = challenged_ || !config().waits_for_challenge();
  auto request = outgoing_request(wanted_, config(), handles_, request_key_, authenticate);
  if (!request.ok()) {
    give_up_request(std::move(request).error());
    return;
  }
  request_ = std::move(request).value();
  need_ = Need::kRequest;
}

// A request that went out without credentials changed nothing when they are asked for. Asked once only: a second 401
// refuses the credentials themselves.
bool Operation::is_challenge(const http::Response& response) const {
  constexpr int kUnauthorized = 401;
  return !challenged_ && wanted_.authenticate && config().waits_for_challenge() && response.status == kUnauthorized &&
         http::offers_scheme(response.headers, "Basic");
}

void Operation::take_output(json::Value output) {
  if (operation_ == "webhooks.receive") return take_news(std::move(output));
  if (operation_ == "payments.watch") return take_watch(output);
  json::Value result = bounded_raw(redacted(config(), handles_.shown(std::move(output), returns_secrets_)));
  if (plugin::is_given_whole(operation_)) return take_page(std::move(result));
  take_result(std::move(result));
}

void Operation::take_result(json::Value result) {
  output_ = std::move(result);
  phase_ = Phase::kCommit;
  need_ = Need::kStore;
}

// Nothing is kept of it, and its secrets are for the one who listens.
void Operation::take_watch(const json::Value& output) {
  auto target = read_watch_target(output, config(), handles_);
  if (!target.ok()) return finish(std::move(target).error());
  watch_target_ = std::move(target).value();
  end(std::string("{}"));
}

void Operation::finish(Error error) {
  error.message += place_;
  error = told(std::move(error));
  if (error.payment_id.empty() && payment_) error.payment_id = payment_->id;
  // A refusal of a repeated write says nothing of the first one.
  if ((!is_write_ && !news_) || settlement_) {
    end(std::move(error));
    return;
  }
  error_ = acted_ ? unknown_outcome(std::move(error)) : std::move(error);
  phase_ = Phase::kCommit;
  need_ = Need::kStore;
}

// Names the key, which may be one that the caller never gave: with it the same call is safe to repeat, unless its
// record is gone from the store.
Error Operation::unknown_outcome(Error why) const {
  why.kind = ErrorKind::kOutcomeUnknown;
  const bool is_kept = why.code != "store_write_gone";
  const std::string key = is_kept ? " (idempotency key " + write_->idempotency_key + ")" : std::string();
  why.message = "the outcome of " + operation_ + key + " is unknown, " +
                std::string(how_to_settle(config(), operation_)) + " before trying again: " + why.message;
  why.payment_id = payment_ ? payment_->id : std::string();
  why.settle = settled_by(config(), operation_);
  if (why.sent == Sent::kNo) why.sent = acted_ || refused_ ? Sent::kYes : Sent::kMaybe;
  why.retryable = false;
  return hide_secrets(std::move(why), config(), handles_);
}

void Operation::broken(const char* why) {
  Error error = internal_error(std::string("the operation could not be finished: ") + why);
  // What was recorded stays in flight, and becomes unknown with time.
  if (acted_ || may_be_recorded(error)) error = unknown_outcome(std::move(error));
  end(std::move(error));
}

std::optional<StoreQueue::Task> Operation::abandon() {
  if (phase_ != Phase::kTalk || !write_ || result_) return std::nullopt;
  Sent sent = need_ == Need::kRequest ? Sent::kMaybe : Sent::kNo;
  while (phase_ == Phase::kTalk) {  // more than once where an optional request is given up
    failed({.kind = ErrorKind::kTransport,
            .code = "abandoned",
            .message = "the caller went away before the answer came",
            .sent = sent});
    sent = Sent::kNo;
  }
  return store_task();
}

void Operation::end(Result<std::string> result) {
  result_.emplace(std::move(result));
  phase_ = Phase::kEnd;
  need_ = Need::kNothing;
  script_.reset();
}

}  // namespace till
