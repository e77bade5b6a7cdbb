// Store: the durable book of payments, writes and events. The runtime's only memory across crashes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/payment/payment.h"

namespace till {

enum class WriteState {
  kInFlight,  // recorded, perhaps sent; nobody knows the end yet
  kDone,      // `outcome` holds the end
  kUnknown,   // sent, and no answer came
};

// The record of one write, made before its first byte is sent.
struct Write {
  std::string id{};               // ours: "wrt_..."
  std::string gateway{};          // name of the gateway
  std::string idempotency_key{};  // unique within the gateway
  std::string operation{};        // "payments.create"
  std::string input_hash{};       // of the input without card data; tells a repeat from a conflict
  std::string payment_id{};       // ours; empty when the write is not about a payment
  WriteState state = WriteState::kInFlight;
  UnixMillis created_at = 0;
  UnixMillis deadline_at = 0;  // after this an in-flight write has no living sender: its outcome is unknown
  std::string outcome{};       // the JSON text that the call returned; empty until done, or when it held a secret
};

// Something that happened to a payment. Immutable once written.
struct Event {
  std::string payment_id{};
  std::string type{};    // "payment.created", "payment.paid", ...
  std::string source{};  // "reply", "poll", "webhook"
  UnixMillis at = 0;
  std::string detail{};  // JSON text
};

struct PaymentQuery {
  std::string gateway{};
  std::string reference{};  // empty: any
  std::optional<PaymentStatus> status{};
  bool only_unknown = false;
  std::string before_id{};  // ids lower than this: the next page; empty: from the newest
  std::size_t limit = 50;
};

// One open store. Not thread-safe: StoreQueue owns it and takes turns. Every error is kInternal with a code that begins
// with "store_", or kConfiguration when the place itself is wrong.
class Store {
 public:
  virtual ~Store() = default;

  // A connection must not be carried over fork(): suspend() closes what would suffer, resume() opens it again when it
  // is needed. Both do nothing where there is nothing to close.
  virtual void suspend() = 0;
  virtual Status resume() = 0;

  // A transaction around several calls, durable when commit() returns. Savepoints nest one level inside it.
  virtual Status begin() = 0;
  virtual Status commit() = 0;
  virtual void rollback() = 0;
  // False once the store has taken a transaction back by itself, a full disk for instance.
  virtual bool in_transaction() const = 0;
  virtual Status savepoint() = 0;
  virtual Status release_savepoint() = 0;
  virtual void rollback_to_savepoint() = 0;

  // Records the write unless its gateway already has one with that key; then that one is returned and nothing changes.
  virtual Result<std::optional<Write>> claim_write(const Write& write) = 0;
  // Sets state and outcome of a recorded write.
  virtual Status settle_write(std::string_view id, WriteState state, std::string_view outcome) = 0;
  // Forgets a write of which no byte was sent, so that its key can be used again.
  virtual Status forget_write(std::string_view id) = 0;

  // Inserts or replaces by id.
  virtual Status put_payment(const Payment& payment) = 0;
  virtual Status forget_payment(std::string_view id) = 0;
  virtual Result<std::optional<Payment>> find_payment(std::string_view id) = 0;
  virtual Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view gateway,
                                                                     std::string_view provider_id) = 0;
  virtual Result<std::vector<Payment>> list_payments(const PaymentQuery& query) = 0;

  virtual Status add_event(const Event& event) = 0;
  // Oldest first.
  virtual Result<std::vector<Event>> list_events(std::string_view payment_id) = 0;
};

// `place` is a file's path (made with mode 0600, its folder with 0700) or "memory". Runs missing migrations; a file
// made by a newer till is refused with code "store_newer".
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& place);

}  // namespace till
