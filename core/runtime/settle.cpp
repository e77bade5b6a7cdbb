// Settle: finds the write, and either has the named payment asked about like one that a list showed, or takes the word
// of who looked that there is nothing.
#include "core/runtime/settle.h"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "core/base/limits.h"
#include "core/json/json.h"
#include "core/payment/transition.h"
#include "core/plugin/schema.h"
#include "core/plugin/shapes.h"
#include "core/runtime/engine.h"
#include "core/runtime/operation.h"
#include "core/runtime/operation_input.h"
#include "core/runtime/operation_outcome.h"

namespace till {
namespace {

constexpr std::string_view kCreate = "payments.create";

// What the caller says.
struct Word {
  std::string write_id, payment_id;  // one of them
  std::string provider_id;           // empty: not done
};

Result<Word> read_word(std::string_view input_json) {
  const json::Value id = plugin::text_shape(kMaxIdLength, 1);
  TILL_ASSIGN(json::Value input, parse_input(input_json));
  drop_nulls(*input.object());
  TILL_TRY(plugin::check(
      plugin::object_shape(
          {{"write_id", id}, {"payment_id", id}, {"provider_id", id}, {"not_done", plugin::boolean_shape()}}),
      input, "$"));
  const auto text = [&](std::string_view key) { return std::string(input.find_string(key).value_or("")); };
  Word word{.write_id = text("write_id"), .payment_id = text("payment_id"), .provider_id = text("provider_id")};
  if (word.write_id.empty() == word.payment_id.empty())
    return invalid_request("$.payment_id",
                           "give one of the two: our id of the payment here, or the write's own as write_id");
  if (word.provider_id.empty() != input.find_bool("not_done").value_or(false))
    return invalid_request("$.provider_id",
                           "give one of the two: the provider's id of the payment here, or not_done as true");
  return word;
}

Error unknown(std::string_view kind) {
  return {.kind = ErrorKind::kNotFound,
          .code = "unknown_" + std::string(kind),
          .message = "this gateway's store has no such " + std::string(kind),
          .field = "$." + std::string(kind) + "_id"};
}

// What the store has of it.
struct Found {
  Write write;  // of a payment of which nothing waits, the last one about it; without an id where none is kept
  std::optional<Payment> payment;

  bool is_open() const { return !write.id.empty() && write.state != WriteState::kDone; }
};

// One word on its way. Keeps itself alive until it has called back.
class Settling : public std::enable_shared_from_this<Settling> {
 public:
  Settling(std::shared_ptr<Gateway> gateway, Word word, Gateway::Callback callback)
      : gateway_(std::move(gateway)), word_(std::move(word)), callback_(std::move(callback)) {}

  void begin();

 private:
  UnixMillis now_ms() const { return gateway_->runtime().clock().now_ms(); }
  Result<Found> find(Store& store) const;
  Result<Found> find_write(Store& store, const std::string& id) const;
  Status check(const Found& found) const;
  void ask(Engine& engine);
  void asked(const Result<std::string>& payment);
  Status settle_not_done(Store& store);
  Status fail_payment(Store& store, Payment& payment) const;
  void end(Result<std::string> result) { std::exchange(callback_, nullptr)(std::move(result)); }

  const std::shared_ptr<Gateway> gateway_;
  const Word word_;
  Gateway::Callback callback_;
  Result<std::string> reply_ = std::string();
};

void Settling::begin() {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return end(std::move(engine).error());
  if (word_.provider_id.empty()) {
    // The task holds nothing: what the last of the two lets go may be the runtime.
    return (*engine)->change([this](Store& store) { return settle_not_done(store); },
                             [self = shared_from_this()](Status done) {
                               self->end(done.ok() ? std::move(self->reply_) : std::move(done).error());
                             });
  }
  (*engine)->run_aside([self = shared_from_this(), &here = **engine] {
    try {
      self->ask(here);
    } catch (const std::exception& fault) {
      if (self->callback_) self->end(internal_error(std::string("it could not be settled: ") + fault.what()));
    }
  });
}

Result<Found> Settling::find(Store& store) const {
  if (!word_.write_id.empty()) return find_write(store, word_.write_id);
  const auto writes = [&](bool open, std::size_t limit) {
    return store.list_writes(
        {.gateway = gateway_->name(), .payment_id = word_.payment_id, .only_unsettled = open, .limit = limit});
  };
  TILL_ASSIGN(auto listed, writes(true, 2));
  if (listed.size() > 1)
    return invalid_request("$.payment_id",
                           "more than one call about this payment waits for its end: name one by its write_id, as "
                           "`unknown` of reconcile's report lists them");
  if (listed.empty()) {
    TILL_ASSIGN(listed, writes(false, 1));
  }
  if (!listed.empty()) return find_write(store, listed.front().id);
  Found found;
  TILL_ASSIGN(found.payment, store.find_payment(word_.payment_id));
  if (!found.payment || found.payment->gateway != gateway_->name()) return unknown("payment");
  return found;
}

// The write before its payment, as everybody takes the two: and taken by its id, so that nobody changes it meanwhile.
Result<Found> Settling::find_write(Store& store, const std::string& id) const {
  TILL_ASSIGN(auto write, store.find_write(id));
  if (!write || write->gateway != gateway_->name()) return unknown("write");
  Found found{.write = *std::move(write), .payment = {}};
  if (found.write.payment_id.empty()) return found;
  TILL_ASSIGN(found.payment, store.find_payment(found.write.payment_id));
  if (!found.payment) return internal_error("the payment of a recorded write has gone");
  return found;
}

// Whether what waits for its end may be settled like this.
Status Settling::check(const Found& found) const {
  const Write& write = found.write;
  if (write.state == WriteState::kInFlight && now_ms() <= write.deadline_at)
    return Error{.kind = ErrorKind::kConflict,
                 .code = "in_flight",
                 .message = write.operation + " is still under way: its sender may yet say how it ended",
                 .payment_id = write.payment_id,
                 .retryable = true};
  const bool creates = write.operation == kCreate;
  if (!word_.provider_id.empty() && !creates)
    return invalid_request(
        "$.provider_id", "only payments.create is settled by the payment that it made, and this is " + write.operation +
                             ": it can be settled as not_done only");
  if (word_.provider_id.empty() && creates && found.payment->outcome == Outcome::kKnown)
    return Error{
        .kind = ErrorKind::kConflict,
        .code = "payment_known",
        .message = "the provider told of this payment, so it was made: settle it by its provider_id, or let reconcile",
        .payment_id = found.payment->id};
  return {};
}

void Settling::ask(Engine& engine) {
  std::optional<Found> found;
  Status read = engine.store().read([&](Store& store) -> Status {
    TILL_ASSIGN(found, find(store));
    return {};
  });
  if (!read.ok()) return end(std::move(read).error());
  if (!found->is_open()) return end(settled_before(found->write, found->payment, word_.provider_id));
  if (Status fit = check(*found); !fit.ok()) return end(std::move(fit).error());
  Settlement settlement{.write = std::move(found->write), .provider_id = word_.provider_id, .by_hand = true};
  auto prepared = Operation::prepare(gateway_, "payments.get", json::write(json::Object{{"id", found->payment->id}}),
                                     engine.store(), std::move(settlement));
  if (!prepared.ok()) return end(std::move(prepared).error());
  engine.drive(*std::move(prepared), [self = shared_from_this()](Operation& done) { self->asked(done.result()); });
}

// What does not fit, or is not there, is what the caller named.
void Settling::asked(const Result<std::string>& payment) {
  if (payment.ok()) return end(*payment);
  Error error = payment.error();
  if (is_mismatch_code(error.code) || error.kind == ErrorKind::kNotFound) error.field = "$.provider_id";
  end(std::move(error));
}

// All of it in one transaction, for its sender or reconcile may settle it at the same moment.
Status Settling::settle_not_done(Store& store) {
  TILL_ASSIGN(Found found, find(store));
  if (!found.is_open()) {
    reply_ = settled_before(found.write, found.payment, "");
    return {};
  }
  TILL_TRY(check(found));
  if (found.write.operation == kCreate) TILL_TRY(fail_payment(store, *found.payment));
  reply_ = json::write(found.payment ? payment_to_json(*found.payment) : json::Value());
  return store.settle_write(found.write.id, WriteState::kDone, kNotDone, now_ms());
}

// There is nothing to ask the provider about: only what it tells by itself can still change the payment.
Status Settling::fail_payment(Store& store, Payment& payment) const {
  payment.status = PaymentStatus::kFailed;
  payment.outcome = Outcome::kKnown;
  payment.look_at.reset();
  payment.updated_at = now_ms();
  TILL_TRY(store.put_payment(payment));
  return store.add_event(payment_event(payment, "payment.failed", "settle", gateway_->runtime().clock()));
}

}  // namespace

void settle(std::shared_ptr<Gateway> gateway, std::string_view input_json, Gateway::Callback callback) {
  auto word = read_word(input_json);
  if (!word.ok()) return callback(std::move(word).error());
  std::make_shared<Settling>(std::move(gateway), *std::move(word), std::move(callback))->begin();
}

}  // namespace till
