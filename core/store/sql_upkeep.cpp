// SqlStore: how much there is, and the end of what is over.
#include <map>

#include "core/store/sql_store.h"

namespace till {

Result<std::vector<StoreCounts>> SqlStore::counts() {
  std::map<std::string, StoreCounts> by_gateway;
  TILL_ASSIGN(
      const SqlRows payments,
      database_->query("SELECT gateway, count(*) FROM payments WHERE outcome = 'unknown' GROUP BY gateway", {}));
  for (std::size_t row = 0; row < payments.size(); ++row)
    by_gateway[payments.text(row, 0)].payments_unknown = payments.integer(row, 1);
  TILL_ASSIGN(const SqlRows writes,
              database_->query("SELECT gateway, count(*) FROM writes WHERE state <> 'done' GROUP BY gateway", {}));
  for (std::size_t row = 0; row < writes.size(); ++row)
    by_gateway[writes.text(row, 0)].writes_unsettled = writes.integer(row, 1);
  TILL_ASSIGN(const SqlRows dead,
              database_->query("SELECT gateway, count(*) FROM events WHERE state = 'dead' GROUP BY gateway", {}));
  for (std::size_t row = 0; row < dead.size(); ++row) by_gateway[dead.text(row, 0)].events_dead = dead.integer(row, 1);
  TILL_ASSIGN(
      const SqlRows open,
      database_->query("SELECT gateway, sum(CASE WHEN state = 'taken' THEN 1 ELSE 0 END), count(*), min(at) FROM "
                       "events WHERE state IN ('waiting', 'taken') GROUP BY gateway",
                       {}));
  for (std::size_t row = 0; row < open.size(); ++row) {
    StoreCounts& counted = by_gateway[open.text(row, 0)];
    counted.events_taken = open.integer(row, 1);
    counted.events_waiting = open.integer(row, 2) - counted.events_taken;
    counted.oldest_event_at = open.integer(row, 3);
  }
  TILL_ASSIGN(
      const SqlRows webhooks,
      database_->query("SELECT gateway, count(*) FROM webhooks WHERE state = 'unmatched' GROUP BY gateway", {}));
  for (std::size_t row = 0; row < webhooks.size(); ++row)
    by_gateway[webhooks.text(row, 0)].webhooks_unmatched = webhooks.integer(row, 1);
  std::vector<StoreCounts> out;
  for (auto& [gateway, counted] : by_gateway) {
    counted.gateway = gateway;
    out.push_back(std::move(counted));
  }
  return out;
}

// `found` selects the rows of `table` by their `key`, as due_key; those that somebody else holds are left for later.
Result<SqlRows> SqlStore::remove(std::string_view table, std::string_view key, std::string_view found,
                                 std::initializer_list<SqlValue> values) {
  const std::string sql = std::string("WITH due AS MATERIALIZED (")
                              .append(found)
                              .append(database_->skip_locked())
                              .append(") DELETE FROM ")
                              .append(table)
                              .append(" WHERE ")
                              .append(key)
                              .append(" IN (SELECT due_key FROM due) RETURNING ")
                              .append(key);
  return database_->query(sql, values);
}

Result<Pruned> SqlStore::prune_payments(UnixMillis before, std::int64_t limit) {
  TILL_ASSIGN(
      const SqlRows gone,
      remove("payments", "id",
             "SELECT p.id AS due_key FROM payments p WHERE p.updated_at < $1 AND p.outcome = 'known' AND p.status IN "
             "('paid', 'expired', 'cancelled', 'failed') AND NOT EXISTS (SELECT 1 FROM events e WHERE e.payment_id = "
             "p.id AND e.state IN ('waiting', 'taken')) AND NOT EXISTS (SELECT 1 FROM writes w WHERE w.payment_id = "
             "p.id AND w.state <> 'done') ORDER BY p.id LIMIT $2",
             {before, limit}));
  Pruned pruned{.payments = static_cast<std::int64_t>(gone.size())};
  for (std::size_t row = 0; row < gone.size(); ++row) {
    TILL_ASSIGN(const SqlRows events,
                database_->query("DELETE FROM events WHERE payment_id = $1", {gone.text(row, 0)}));
    TILL_ASSIGN(const SqlRows writes,
                database_->query("DELETE FROM writes WHERE payment_id = $1", {gone.text(row, 0)}));
    pruned.events += events.changed;
    pruned.writes += writes.changed;
  }
  return pruned;
}

Result<Pruned> SqlStore::prune(const Retention& retention, std::size_t limit) {
  const std::int64_t most = sql_limit(limit);
  TILL_ASSIGN(Pruned pruned, prune_payments(retention.payments_before, most));
  TILL_ASSIGN(const SqlRows events,
              remove("events", "sequence",
                     "SELECT sequence AS due_key FROM events WHERE at < $1 AND state IN ('done', 'dead') ORDER BY "
                     "sequence LIMIT $2",
                     {retention.events_before, most}));
  TILL_ASSIGN(const SqlRows writes,
              remove("writes", "id",
                     "SELECT id AS due_key FROM writes WHERE created_at < $1 AND state = 'done' ORDER BY id LIMIT $2",
                     {retention.writes_before, most}));
  TILL_ASSIGN(const SqlRows webhooks,
              remove("webhooks", "id", "SELECT id AS due_key FROM webhooks WHERE received_at < $1 ORDER BY id LIMIT $2",
                     {retention.webhooks_before, most}));
  pruned.events += events.changed;
  pruned.writes += writes.changed;
  pruned.webhooks = webhooks.changed;
  return pruned;
}

}  // namespace till
