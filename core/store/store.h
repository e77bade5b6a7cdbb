// Store: the durable book of payments, writes, events and webhooks. The runtime's only memory across crashes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/payment/payment.h"

namespace till {

// The code of the error about a payment whose record this version cannot read.
inline constexpr std::string_view kUnreadablePayment = "unreadable_payment";

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
  UnixMillis settled_at = 0;   // when it was done; 0: not yet
  std::string outcome{};       // the JSON text that the call returned; empty until done, or when it held a secret
  std::string input{};         // the JSON text of the call, without card data; gone once the write is done
  UnixMillis look_at = 0;      // when reconcile may ask about it again
  std::int64_t looks = 0;      // how often it has asked
};

// Something that happened to a payment. Immutable once written.
struct Event {
  std::string id{};  // ours, sortable: "evt_..."; whoever handles an event knows by it what was handled before
  std::string gateway{};
  std::string payment_id{};
  std::string type{};    // "payment.created", "payment.paid", ...
  std::string source{};  // "reply", "poll", "webhook", "reconcile", "settle"
  UnixMillis at = 0;
  std::string detail{};  // JSON text
};

enum class EventState {
  kWaiting,  // for a handler
  kTaken,    // a handler has it, until its lease is over
  kDone,     // handled
  kDead,     // failed too often; waits for somebody to replay it
};

// An event and how far its handler came with it.
struct InboxEvent {
  Event event{};
  EventState state = EventState::kWaiting;
  std::int64_t attempts = 0;  // how often it was taken
  UnixMillis due_at = 0;      // kWaiting: not taken before; kTaken: when the lease is over
  std::string lease{};        // kTaken: the word by which its taker is known
  std::string last_error{};   // what the last handler said when it failed
};

// What take_events() asks for.
struct EventTaking {
  std::string gateway{};  // empty: any
  UnixMillis now_ms = 0;
  UnixMillis lease_until = 0;
  std::string lease{};
  std::size_t limit = 1;
};

struct InboxQuery {
  std::string gateway{};     // empty: any
  std::string payment_id{};  // empty: any
  std::optional<EventState> state{};
  std::string before_id{};  // ids lower than this: the next page; empty: from the newest
  std::size_t limit = 50;
};

enum class WebhookState {
  kDone,       // it took effect, or there was none to take
  kUnmatched,  // names a payment that the store does not know; kept until it does
};

// A webhook that was taken: what came, and what became of it.
struct Webhook {
  std::string id{};  // ours, sortable: "whk_..."
  std::string gateway{};
  std::string dedupe_key{};   // the same for the same event; unique within the gateway
  std::string event{};        // the provider's own name for it
  std::string provider_id{};  // of the payment that it names, as the provider calls it; empty: not said
  std::string reference{};    // the shop's own; empty: not said
  std::string payment_id{};   // ours; empty while the store knows none
  WebhookState state = WebhookState::kDone;
  std::string signature{};  // "valid", "token", "none"
  std::string trust{};      // "signed", "refetched", "unverified"
  UnixMillis received_at = 0;
  std::string body{};  // as it came, secrets replaced
};

struct WebhookQuery {
  std::string gateway{};  // empty: any
  std::optional<WebhookState> state{};
  std::string before_id{};
  std::size_t limit = 50;
};

// How often webhooks were refused for one reason.
struct Refusals {
  std::string gateway{};
  std::string reason{};
  std::int64_t count = 0;
  UnixMillis first_at = 0;
  UnixMillis last_at = 0;
};

struct PaymentQuery {
  std::string gateway{};    // empty: any
  std::string reference{};  // empty: any
  std::optional<PaymentStatus> status{};
  bool only_unknown = false;
  std::string before_id{};  // ids lower than this: the next page; empty: from the newest
  std::size_t limit = 50;
  std::vector<std::string>* unreadable = nullptr;  // where the ids go of records that cannot be read; null: an error
};

struct WriteQuery {
  std::string gateway{};     // empty: any
  std::string payment_id{};  // empty: any
  bool only_unsettled = false;
  std::string before_id{};
  std::size_t limit = 50;
};

// What is open in the store of one gateway.
struct StoreCounts {
  std::string gateway{};
  std::int64_t payments_unknown = 0, writes_unsettled = 0;
  std::int64_t events_waiting = 0, events_taken = 0, events_dead = 0;
  std::int64_t webhooks_unmatched = 0;
  UnixMillis oldest_event_at = 0;  // of those waiting and taken; 0: there is none
};

// Until when what is over is kept; 0: for ever. What still waits for something is never removed.
struct Retention {
  UnixMillis payments_before = 0;  // final, outcome known, all events done or dead; with their writes and events
  UnixMillis events_before = 0;    // done or dead
  UnixMillis writes_before = 0;    // done by then: their idempotency keys can be used again
  UnixMillis webhooks_before = 0;  // done and unmatched: the same event would take effect again
};

struct Pruned {
  std::int64_t payments = 0, events = 0, writes = 0, webhooks = 0;
};

// How much a store holds, and where.
struct StoreInfo {
  std::string kind{};  // "sqlite", "postgresql"
  std::int64_t schema = 0;
  std::int64_t bytes = 0;  // on the disk, indexes included
  Pruned kept{};
};

// One open store. Not thread-safe: StoreQueue owns it and takes turns. Every error is kInternal with a code that begins
// with "store_", or kConfiguration when the place itself is wrong: "store_unreachable" when the connection broke or
// cannot be made, "store_conflict" when another transaction was in the way and the same may be tried again,
// "store_busy" when it took too long, "store_failed" otherwise. A payment's record that this version cannot read is
// kInternal, code kUnreadablePayment.
//
// Inside a transaction, what find_payment*(), find_write() and claim_write() return stays as it is until the
// transaction ends: nobody else, on no machine, can change it meanwhile. That find_payment_by_provider_id(), or
// list_payments() by gateway and reference, found nothing stays true as well against those who match_webhooks() once
// they made such a payment.
class Store {
 public:
  virtual ~Store() = default;

  // A connection must not be carried over fork(): suspend() closes what would suffer, resume() opens it again when it
  // is needed, and one that was lost as well. Both do nothing where there is nothing to close. Where the store itself
  // is not there any more, resume() makes no new one: "store_gone".
  virtual void suspend() = 0;
  virtual Status resume() = 0;
  // True once the connection has gone, and the open transaction with it.
  virtual bool lost() const = 0;

  // A transaction around several calls, durable when commit() returns. Savepoints nest one level inside it.
  virtual Status begin() = 0;
  // "store_commit_unknown" when the connection went before it was answered: after resume(), was_committed() tells.
  virtual Status commit() = 0;
  // Whether the last commit() became durable after all. "store_unreachable" while nobody can tell; ask again.
  virtual Result<bool> was_committed() = 0;
  virtual void rollback() = 0;
  // False once the store has taken a transaction back by itself, a full disk for instance.
  virtual bool in_transaction() const = 0;
  virtual Status savepoint() = 0;
  virtual Status release_savepoint() = 0;
  virtual void rollback_to_savepoint() = 0;

  // Records the write unless its gateway already has another one with that key; then that one is returned and nothing
  // changes. Whoever changes a payment finds it in the same transaction: prune() may have removed it.
  virtual Result<std::optional<Write>> claim_write(const Write& write) = 0;
  virtual Result<std::optional<Write>> find_write(std::string_view id) = 0;
  // Sets state and outcome of a recorded write, and when it was done. A done write keeps no input, and stays as it is.
  // One that is not recorded (any more) is an error with code "store_write_gone".
  virtual Status settle_write(std::string_view id, WriteState state, std::string_view outcome, UnixMillis now_ms) = 0;
  // Forgets a write of which no byte was sent, so that its key can be used again. A done one stays.
  virtual Status forget_write(std::string_view id) = 0;
  // Writes of the gateway that nobody will settle by themselves, in flight beyond their deadline or unknown, and due
  // for a look; the longest due first. Puts each off to `again_at`, so that no other worker takes it meanwhile.
  virtual Result<std::vector<Write>> take_unsettled_writes(std::string_view gateway, UnixMillis now_ms,
                                                           UnixMillis again_at, std::size_t limit) = 0;
  virtual Status put_off_write(std::string_view id, UnixMillis look_at) = 0;
  // When the next write or payment of the gateway is due for a look; nullopt: none ever is.
  virtual Result<std::optional<UnixMillis>> next_look(std::string_view gateway) = 0;
  // Newest first.
  virtual Result<std::vector<Write>> list_writes(const WriteQuery& query) = 0;

  // Inserts or replaces by id.
  virtual Status put_payment(const Payment& payment) = 0;
  virtual Status forget_payment(std::string_view id) = 0;
  virtual Result<std::optional<Payment>> find_payment(std::string_view id) = 0;
  virtual Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view gateway,
                                                                     std::string_view provider_id) = 0;
  // Newest first. Fewer than `limit` only where there are no more.
  virtual Result<std::vector<Payment>> list_payments(const PaymentQuery& query) = 0;
  // Payments of the gateway that are due for a look, the longest due first. Puts each off to `again_at`, as above. The
  // ids of those whose record cannot be read are added to `unreadable`.
  virtual Result<std::vector<Payment>> take_due_payments(std::string_view gateway, UnixMillis now_ms,
                                                         UnixMillis again_at, std::size_t limit,
                                                         std::vector<std::string>& unreadable) = 0;
  // Makes the payment due at `look_at`, if it would only be later.
  virtual Status hasten_payment(std::string_view id, UnixMillis look_at) = 0;

  // Appends an event, waiting for its handler. One that is there already (by id) stays as it is.
  virtual Status add_event(const Event& event) = 0;
  // Oldest first.
  virtual Result<std::vector<Event>> list_events(std::string_view payment_id) = 0;
  // Events that wait and are due, or whose lease is over, oldest first; of one payment only the first that is not done
  // or dead. Marks them as taken.
  virtual Result<std::vector<InboxEvent>> take_events(const EventTaking& taking) = 0;
  // Ends the taking of an event: done; dead; or waiting again, until `due_at`. False, and nothing changes, when it is
  // not taken under that lease any more.
  virtual Result<bool> settle_event(std::string_view id, std::string_view lease, EventState state, UnixMillis due_at,
                                    std::string_view last_error) = 0;
  // Gives an event back as if it had not been taken, due at `due_at`. False as above.
  virtual Result<bool> release_event(std::string_view id, std::string_view lease, UnixMillis due_at) = 0;
  // Makes a done or dead event wait again, due at `now_ms`, with no attempt counted. False when it is neither.
  virtual Result<bool> replay_event(std::string_view id, UnixMillis now_ms) = 0;
  virtual Result<std::optional<InboxEvent>> find_event(std::string_view id) = 0;
  // Newest first.
  virtual Result<std::vector<InboxEvent>> list_inbox(const InboxQuery& query) = 0;

  // Keeps the webhook unless its gateway already has one with that dedupe key: then false, and nothing changes.
  virtual Result<bool> claim_webhook(const Webhook& webhook) = 0;
  // Unmatched webhooks that name this payment, now matched with `payment_id` and done. Returns how many.
  virtual Result<std::int64_t> match_webhooks(std::string_view gateway, std::string_view provider_id,
                                              std::string_view reference, std::string_view payment_id) = 0;
  // Removes the oldest unmatched webhooks of the gateway beyond the `keep` newest whose trust is "unverified".
  virtual Status trim_unmatched(std::string_view gateway, std::size_t keep) = 0;
  virtual Result<bool> has_webhook(std::string_view gateway, std::string_view dedupe_key) = 0;
  // Newest first.
  virtual Result<std::vector<Webhook>> list_webhooks(const WebhookQuery& query) = 0;
  // Adds to what was counted of that gateway and reason before.
  virtual Status count_refusals(const Refusals& more) = 0;
  virtual Result<std::vector<Refusals>> list_refusals() = 0;

  // One for each gateway of which anything is open.
  virtual Result<std::vector<StoreCounts>> counts() = 0;
  // Removes what is over, at most `limit` payments, events, writes and webhooks each; call again while it finds some.
  virtual Result<Pruned> prune(const Retention& retention, std::size_t limit) = 0;
  // How much of it there is to remove now. Events and writes that would go with their payments are not counted.
  virtual Result<Pruned> prunable(const Retention& retention) = 0;
  // Counts every row: takes its time.
  virtual Result<StoreInfo> info() = 0;

  // Grows with each change here by which an event may have become ready to be taken, rolled back or not.
  std::uint64_t inbox_changes() const { return inbox_changes_; }

 protected:
  std::uint64_t inbox_changes_ = 0;
};

// "in_flight", "done", "unknown"; "waiting", "taken", "done", "dead"; "done", "unmatched".
std::string_view write_state_name(WriteState state);
std::string_view event_state_name(EventState state);
std::optional<EventState> event_state_from_name(std::string_view name);
std::string_view webhook_state_name(WebhookState state);

// `place` is a file's path (made with mode 0600, its folder with 0700) or "memory". Runs missing migrations; a file
// made by a newer till is refused with code "store_newer".
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& place);

// `url` is a "postgresql://" URL as in libpq; the store lives in the schema that is first on its search_path, UTF-8, on
// PostgreSQL 13 or newer. Runs missing migrations, one opener at a time. "store_unreachable" with the server's own
// reason when it cannot be reached or lets nobody in; kConfiguration when libpq is not there, the URL cannot be read or
// the database cannot hold a store; "store_newer" as above.
Result<std::unique_ptr<Store>> open_postgres_store(const std::string& url);
// Makes what all PostgreSQL stores of the process share, libpq above all. A child of fork() must not find it half made:
// who opens such a store while other threads may fork calls this before, with a mutex that fork() waits for.
// kConfiguration when there is no libpq.
Status prepare_postgres_stores();

}  // namespace till
