// Reconcile: takes what is due, asks with a few questions at a time, puts off what was not settled, and sums up.
#include "core/runtime/reconcile.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/base/time.h"
#include "core/json/json.h"
#include "core/json/written.h"
#include "core/payment/looks.h"
#include "core/runtime/engine.h"
#include "core/runtime/gateway_config.h"
#include "core/runtime/inquiry.h"
#include "core/runtime/log.h"
#include "core/runtime/stored_payments.h"

namespace till {
namespace {

// Questions under way at once: fast enough for a backlog, and no burst to the provider.
constexpr std::size_t kConcurrency = 4;
// So many questions in a row without an answer: the provider is not there, and the rest waits.
constexpr int kMaxFailures = 5;
// For how long nobody else asks about what was taken. A list of many pages may take longer: then somebody asks the
// same, and whoever settles it first has settled it.
constexpr std::int64_t kLeaseMs = 5LL * 60'000;
// Writes that stay unknown, listed at most.
constexpr std::size_t kMaxListed = 1'000;

Result<std::size_t> read_limit(std::string_view input_json) {
  TILL_ASSIGN(const json::Value input, json::parse(input_json.empty() ? "{}" : input_json));
  if (!input.object()) return invalid_request("$", "an operation's input is a JSON object");
  std::size_t limit = kDefaultReconcileLimit;
  for (const auto& [key, value] : *input.object()) {
    if (key != "limit") return invalid_request("$." + key, "reconcile takes `limit` only");
    if (value.is_null()) continue;
    const auto given = value.as_integer();
    if (!given || *given < 1 || *given > static_cast<std::int64_t>(kMaxReconcileLimit))
      return invalid_request("$.limit", "expected an integer from 1 to " + std::to_string(kMaxReconcileLimit));
    limit = static_cast<std::size_t>(*given);
  }
  return limit;
}

json::Value id_or_null(const std::string& id) { return id.empty() ? json::Value() : json::Value(id); }

// What a question says about the provider, not about what was asked: there may be nobody.
bool is_silence(const Error& error) { return error.kind == ErrorKind::kTransport || error.retryable; }

// How long the provider wants to be left alone, but no longer than anything waits for its next look.
std::int64_t asked_pause_ms(const Error& error, std::int64_t max_ms) {
  return std::min(error.retry_after_ms.value_or(0), max_ms);
}

// One pass. Keeps itself alive until it has called back.
class Pass : public std::enable_shared_from_this<Pass> {
 public:
  Pass(std::shared_ptr<Gateway> gateway, std::size_t limit, Gateway::Callback callback)
      : gateway_(std::move(gateway)), limit_(limit), callback_(std::move(callback)) {}

  void begin();

 private:
  UnixMillis now_ms() const { return gateway_->runtime().clock().now_ms(); }
  Status take(Store& store);
  void ask_more();
  bool start_one();
  void ask_about(const Write& write);
  void ask_about(const Payment& payment);
  void answered(const Write& write, Verdict verdict);
  void answered(const Payment& payment, const Result<std::string>& now);
  void note(const std::optional<Error>& error);
  void put_off(StoreQueue::Task task);
  void one_done();
  void sum_up();
  Result<std::string> report(Store& store) const;
  void end(Result<std::string> result) { std::exchange(callback_, nullptr)(std::move(result)); }

  const std::shared_ptr<Gateway> gateway_;
  // Asked for before the store is: fork() takes the lock behind config() first, and the store's after it.
  std::shared_ptr<const GatewayConfig> config_;
  const std::size_t limit_;
  Gateway::Callback callback_;
  std::vector<Write> writes_;
  std::vector<Payment> payments_;

  std::mutex mutex_;      // and below: guarded by it
  std::size_t next_ = 0;  // among the writes, then the payments
  std::size_t active_ = 0;
  bool asking_ = false, stopped_ = false;
  int failures_in_a_row_ = 0;
  std::int64_t looked_ = 0, changed_ = 0, settled_ = 0, failed_ = 0;
  std::map<std::string, Verdict> unsettled_;  // by write
};

void Pass::begin() {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return end(std::move(engine).error());
  config_ = gateway_->config();
  // The task holds nothing: what the last of the two lets go may be the runtime.
  (*engine)->change([this](Store& store) { return take(store); },
                    [self = shared_from_this()](Status taken) {
                      if (!taken.ok()) return self->end(std::move(taken).error());
                      self->ask_more();
                    });
}

Status Pass::take(Store& store) {
  const UnixMillis now = now_ms();
  const UnixMillis again_at = now + std::max(kLeaseMs, 2 * config_->timeout_ms);
  TILL_ASSIGN(writes_, store.take_unsettled_writes(gateway_->name(), now, again_at, limit_));
  payments_.clear();
  if (writes_.size() == limit_ || !config_->manifest().capabilities.contains("payments.get")) return {};
  std::vector<std::string> unreadable;
  TILL_ASSIGN(payments_, store.take_due_payments(gateway_->name(), now, again_at, limit_ - writes_.size(), unreadable));
  log_unreadable(unreadable);
  return {};
}

// Answers may come at once, from within a question: the outermost call goes on with what follows.
void Pass::ask_more() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(asking_, true)) return;
  }
  while (start_one()) {
  }
}

bool Pass::start_one() {
  std::size_t at = 0;
  {
    const std::lock_guard lock(mutex_);
    const bool over = stopped_ || next_ == writes_.size() + payments_.size();
    if (over || active_ == kConcurrency) {
      asking_ = false;
      if (!over || active_ > 0) return false;
    } else {
      at = ++next_;
      ++active_;
      ++looked_;
    }
  }
  if (at == 0) return sum_up(), false;
  if (at <= writes_.size())
    ask_about(writes_[at - 1]);
  else
    ask_about(payments_[at - 1 - writes_.size()]);
  return true;
}

void Pass::one_done() {
  {
    const std::lock_guard lock(mutex_);
    --active_;
  }
  ask_more();
}

void Pass::ask_about(const Write& write) {
  Inquiry::begin(gateway_, write,
                 [self = shared_from_this(), &write](Verdict verdict) { self->answered(write, std::move(verdict)); });
}

void Pass::ask_about(const Payment& payment) {
  gateway_->start(
      "payments.get", json::write(json::Object{{"id", payment.id}}),
      [self = shared_from_this(), &payment](const Result<std::string>& now) { self->answered(payment, now); });
}

void Pass::note(const std::optional<Error>& error) {
  if (error) write_log("warn", gateway_->name(), "reconcile: " + error->code + ": " + error->message);
  const std::lock_guard lock(mutex_);
  if (error) ++failed_;
  failures_in_a_row_ = error && is_silence(*error) ? failures_in_a_row_ + 1 : 0;
  if (failures_in_a_row_ == kMaxFailures || (error && error->kind == ErrorKind::kRateLimited)) stopped_ = true;
}

void Pass::answered(const Write& write, Verdict verdict) {
  note(verdict.error);
  {
    const std::lock_guard lock(mutex_);
    if (verdict.settled)
      ++settled_;
    else
      unsettled_[write.id] = verdict;
  }
  if (verdict.settled) return one_done();
  const UnixMillis at = now_ms();
  UnixMillis again_at = next_write_look(write.looks, at, random_byte());
  if (verdict.error) again_at = std::max(again_at, at + asked_pause_ms(*verdict.error, kMaxWriteLookMs));
  put_off([&write, at, again_at](Store& store) -> Status {
    if (write.state == WriteState::kInFlight) TILL_TRY(store.settle_write(write.id, WriteState::kUnknown, "", at));
    return store.put_off_write(write.id, again_at);
  });
}

void Pass::answered(const Payment& payment, const Result<std::string>& now) {
  note(now.ok() ? std::nullopt : std::optional(now.error()));
  if (now.ok()) {
    const auto seen = json::parse_written(*now);
    if (seen.ok() && seen->find_string("status") != payment_status_name(payment.status)) {
      const std::lock_guard lock(mutex_);
      ++changed_;
    }
    return one_done();
  }
  const UnixMillis at = now_ms();
  const UnixMillis earliest = at + asked_pause_ms(now.error(), kMaxLookMs);
  put_off([&payment, at, earliest](Store& store) -> Status {
    TILL_ASSIGN(auto current, store.find_payment(payment.id));
    if (!current) return {};
    current->look_at = next_look(*current, at, random_byte());
    if (current->look_at) current->look_at = std::max(*current->look_at, earliest);
    return store.put_payment(*current);
  });
}

// Where the store does not take it, the lease does the same.
void Pass::put_off(StoreQueue::Task task) {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return one_done();
  (*engine)->change(std::move(task), [self = shared_from_this()](const Status&) { self->one_done(); });
}

void Pass::sum_up() {
  auto engine = gateway_->runtime().engine();
  if (!engine.ok()) return end(std::move(engine).error());
  (*engine)->run_aside([self = shared_from_this(), &queue = (*engine)->store()] {
    std::optional<Result<std::string>> text;
    Status read = queue.read([&](Store& store) {
      text.emplace(self->report(store));
      return Status();
    });
    self->end(read.ok() ? *std::move(text) : Result<std::string>(std::move(read).error()));
  });
}

Result<std::string> Pass::report(Store& store) const {
  TILL_ASSIGN(const auto open,
              store.list_writes({.gateway = gateway_->name(), .only_unsettled = true, .limit = kMaxListed}));
  TILL_ASSIGN(const auto next_at, store.next_look(gateway_->name()));
  json::Array unknown;
  for (const Write& write : open) {
    if (write.state == WriteState::kInFlight && now_ms() <= write.deadline_at) continue;
    const auto asked = unsettled_.find(write.id);
    const bool failed = asked != unsettled_.end() && asked->second.error;
    unknown.push_back(json::Object{{"write_id", write.id},
                                   {"operation", write.operation},
                                   {"payment_id", id_or_null(write.payment_id)},
                                   {"idempotency_key", write.idempotency_key},
                                   {"created_at", format_iso_time(write.created_at)},
                                   {"reason", asked == unsettled_.end() ? json::Value() : asked->second.reason},
                                   {"message", failed ? json::Value(asked->second.error->message) : json::Value()}});
  }
  return json::write(json::Object{{"looked", json::Value::integer(looked_)},
                                  {"changed", json::Value::integer(changed_)},
                                  {"settled", json::Value::integer(settled_)},
                                  {"failed", json::Value::integer(failed_)},
                                  {"unknown", std::move(unknown)},
                                  {"next_at", next_at ? json::Value(format_iso_time(*next_at)) : json::Value()}});
}

}  // namespace

void reconcile(std::shared_ptr<Gateway> gateway, std::string_view input_json, Gateway::Callback callback) {
  const auto limit = read_limit(input_json);
  if (!limit.ok()) return callback(limit.error());
  std::make_shared<Pass>(std::move(gateway), *limit, std::move(callback))->begin();
}

}  // namespace till
