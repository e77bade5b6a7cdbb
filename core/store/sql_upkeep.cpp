// SqlStore: how much there is, and the end of what is over.
#include <map>

#include "core/store/sql_store.h"

namespace till {
namespace {

// What is over, and may be removed once it is older than $1.
constexpr std::string_view kPaymentsOver =
    "payments AS p WHERE p.updated_at < $1 AND p.outcome = 'known' AND p.status IN ('paid', 'expired', 'cancelled', "
    "'failed') AND NOT EXISTS (SELECT 1 FROM events e WHERE e.payment_id = p.id AND e.state IN ('waiting', 'taken')) "
    "AND NOT EXISTS (SELECT 1 FROM writes w WHERE w.payment_id = p.id AND w.state <> 'done')";
constexpr std::string_view kEventsOver = "events p WHERE p.at < $1 AND p.state IN ('done', 'dead')";
// One that an older till settled, while this one was there already, has no settled_at.
constexpr std::string_view kWritesOver = "writes p WHERE p.settled_at < $1 AND p.created_at < $1 AND p.state = 'done'";
constexpr std::string_view kWebhooksOver = "webhooks p WHERE p.received_at < $1";

}  // namespace

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

// The first rows of `table` that are `over`; those that somebody else holds are left for later.
Result<SqlRows> SqlStore::remove(std::string_view table, std::string_view key, std::string_view over, UnixMillis before,
                                 std::int64_t limit) {
  std::string sql = "WITH due AS MATERIALIZED (SELECT p.";
  sql.append(key).append(" AS due_key FROM ").append(over).append(" ORDER BY p.").append(key).append(" LIMIT $2");
  sql.append(database_->skip_locked()).append(") DELETE FROM ").append(table).append(" WHERE ").append(key);
  sql.append(" IN (SELECT due_key FROM due) RETURNING ").append(key);
  return database_->query(sql, {before, limit});
}

Result<std::int64_t> SqlStore::count(std::string_view from, std::initializer_list<SqlValue> values) {
  TILL_ASSIGN(const SqlRows rows, database_->query(std::string("SELECT count(*) FROM ").append(from), values));
  return rows.integer(0, 0);
}

// Each is locked first, and then looked at once more: until it was locked, others may have begun something with it. The
// rest says again what it may remove, for it looks later still.
Result<Pruned> SqlStore::prune_payments(UnixMillis before, std::int64_t limit) {
  const std::string find = std::string("SELECT p.id FROM ").append(kPaymentsOver) + " ORDER BY p.id LIMIT $2";
  const std::string remove = std::string("DELETE FROM ").append(kPaymentsOver) + " AND p.id = $2";
  TILL_ASSIGN(const SqlRows due, database_->query(find + std::string(database_->skip_locked()), {before, limit}));
  Pruned pruned;
  for (const std::string& id : due.cells) {
    TILL_ASSIGN(const SqlRows gone, database_->query(remove, {before, id}));
    if (gone.changed == 0) continue;
    TILL_ASSIGN(const SqlRows events,
                database_->query("DELETE FROM events WHERE payment_id = $1 AND state IN ('done', 'dead')", {id}));
    TILL_ASSIGN(const SqlRows writes,
                database_->query("DELETE FROM writes WHERE payment_id = $1 AND state = 'done'", {id}));
    ++pruned.payments;
    pruned.events += events.changed;
    pruned.writes += writes.changed;
  }
  return pruned;
}

Result<Pruned> SqlStore::prune(const Retention& retention, std::size_t limit) {
  const std::int64_t most = sql_limit(limit);
  TILL_ASSIGN(Pruned pruned, prune_payments(retention.payments_before, most));
  TILL_ASSIGN(const SqlRows events, remove("events", "sequence", kEventsOver, retention.events_before, most));
  TILL_ASSIGN(const SqlRows writes, remove("writes", "id", kWritesOver, retention.writes_before, most));
  TILL_ASSIGN(const SqlRows webhooks, remove("webhooks", "id", kWebhooksOver, retention.webhooks_before, most));
  pruned.events += events.changed;
  pruned.writes += writes.changed;
  pruned.webhooks = webhooks.changed;
  return pruned;
}

Result<Pruned> SqlStore::prunable(const Retention& retention) {
  Pruned over;
  TILL_ASSIGN(over.payments, count(kPaymentsOver, {retention.payments_before}));
  TILL_ASSIGN(over.events, count(kEventsOver, {retention.events_before}));
  TILL_ASSIGN(over.writes, count(kWritesOver, {retention.writes_before}));
  TILL_ASSIGN(over.webhooks, count(kWebhooksOver, {retention.webhooks_before}));
  return over;
}

Result<StoreInfo> SqlStore::info() {
  StoreInfo info{.kind = std::string(database_->kind())};
  TILL_ASSIGN(info.schema, database_->schema_version());
  TILL_ASSIGN(info.bytes, database_->size_bytes());
  TILL_ASSIGN(info.kept.payments, count("payments"));
  TILL_ASSIGN(info.kept.events, count("events"));
  TILL_ASSIGN(info.kept.writes, count("writes"));
  TILL_ASSIGN(info.kept.webhooks, count("webhooks"));
  return info;
}

}  // namespace till
