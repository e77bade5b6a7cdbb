// SqlStore: the store as statements that every SQL database here understands.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/store/sql.h"
#include "core/store/store.h"

namespace till {

class SqlStore final : public Store {
 public:
  SqlStore(std::string place, SqlOpener open, bool in_memory, std::unique_ptr<SqlDatabase> database)
      : place_(std::move(place)), open_(open), in_memory_(in_memory), database_(std::move(database)) {}

  void suspend() override;
  Status resume() override;
  bool lost() const override { return database_ && database_->lost(); }
  Status begin() override { return database_->begin(); }
  Status commit() override;
  Result<bool> was_committed() override;
  void rollback() override { (void)database_->execute("ROLLBACK"); }
  bool in_transaction() const override { return database_->in_transaction(); }
  Status savepoint() override { return database_->execute("SAVEPOINT task"); }
  Status release_savepoint() override { return database_->execute("RELEASE SAVEPOINT task"); }
  void rollback_to_savepoint() override { (void)database_->execute("ROLLBACK TO SAVEPOINT task"); }

  // sql_writes.cpp
  Result<std::optional<Write>> claim_write(const Write& write) override;
  Result<std::optional<Write>> find_write(std::string_view id) override;
  Status settle_write(std::string_view id, WriteState state, std::string_view outcome, UnixMillis now_ms) override;
  Status forget_write(std::string_view id) override;
  Result<std::vector<Write>> take_unsettled_writes(std::string_view gateway, UnixMillis now_ms, UnixMillis again_at,
                                                   std::size_t limit) override;
  Status put_off_write(std::string_view id, UnixMillis look_at) override;
  Result<std::optional<UnixMillis>> next_look(std::string_view gateway) override;
  Result<std::vector<Write>> list_writes(const WriteQuery& query) override;

  // sql_payments.cpp
  Status put_payment(const Payment& payment) override;
  Status forget_payment(std::string_view id) override;
  Result<std::optional<Payment>> find_payment(std::string_view id) override;
  Result<std::optional<Payment>> find_payment_by_provider_id(std::string_view gateway,
                                                             std::string_view provider_id) override;
  Result<std::vector<Payment>> list_payments(const PaymentQuery& query) override;
  Result<std::vector<Payment>> take_due_payments(std::string_view gateway, UnixMillis now_ms, UnixMillis again_at,
                                                 std::size_t limit, std::vector<std::string>& unreadable) override;
  Status hasten_payment(std::string_view id, UnixMillis look_at) override;

  // sql_events.cpp
  Status add_event(const Event& event) override;
  Result<std::vector<Event>> list_events(std::string_view payment_id) override;
  Result<std::vector<InboxEvent>> take_events(const EventTaking& taking) override;
  Result<bool> settle_event(std::string_view id, std::string_view lease, EventState state, UnixMillis due_at,
                            std::string_view last_error) override;
  Result<bool> release_event(std::string_view id, std::string_view lease, UnixMillis due_at) override;
  Result<bool> replay_event(std::string_view id, UnixMillis now_ms) override;
  Result<std::optional<InboxEvent>> find_event(std::string_view id) override;
  Result<std::vector<InboxEvent>> list_inbox(const InboxQuery& query) override;

  // sql_webhooks.cpp
  Result<bool> claim_webhook(const Webhook& webhook) override;
  Result<std::int64_t> match_webhooks(std::string_view gateway, std::string_view provider_id,
                                      std::string_view reference, std::string_view payment_id) override;
  Status trim_unmatched(std::string_view gateway, std::size_t keep) override;
  Result<bool> has_webhook(std::string_view gateway, std::string_view dedupe_key) override;
  Result<std::vector<Webhook>> list_webhooks(const WebhookQuery& query) override;
  Status count_refusals(const Refusals& more) override;
  Result<std::vector<Refusals>> list_refusals() override;

  // sql_upkeep.cpp
  Result<std::vector<StoreCounts>> counts() override;
  Result<Pruned> prune(const Retention& retention, std::size_t limit) override;
  Result<Pruned> prunable(const Retention& retention) override;
  Result<StoreInfo> info() override;

 private:
  // A SELECT whose rows stay as they are until the transaction ends.
  std::string locking(std::string_view select) const;
  // Inside a transaction: nobody else makes or looks for a payment by that id or reference until it ends.
  Status lock_absent(std::string_view gateway, std::string_view kind, std::string_view name);
  bool locks() const { return database_->in_transaction() && !database_->for_update().empty(); }
  Status run(std::string_view sql, std::initializer_list<SqlValue> values);
  // A page of a list, from the newest.
  Result<SqlRows> newest(std::string_view select, SqlConditions& conditions, std::string_view before_id,
                         std::size_t limit);
  Result<SqlRows> remove(std::string_view table, std::string_view key, std::string_view over, UnixMillis before,
                         std::int64_t limit);
  Result<std::int64_t> count(std::string_view from, std::initializer_list<SqlValue> values = {});
  Result<Pruned> prune_payments(UnixMillis before, std::int64_t limit);

  const std::string place_;
  const SqlOpener open_;
  const bool in_memory_;
  std::unique_ptr<SqlDatabase> database_;  // null while suspended
  std::string committing_;                 // the transaction whose commit was not answered
};

inline std::int64_t sql_limit(std::size_t limit) { return static_cast<std::int64_t>(limit); }

}  // namespace till
