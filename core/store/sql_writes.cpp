// SqlStore: writes.
#include <algorithm>

#include "core/store/sql_store.h"

namespace till {
namespace {

constexpr std::string_view kWriteColumns =
    "id, gateway, idempotency_key, operation, input_hash, payment_id, state, created_at, deadline_at, settled_at, "
    "outcome, input, look_at, looks";

WriteState write_state_from_name(std::string_view name) {
  if (name == "in_flight") return WriteState::kInFlight;
  return name == "done" ? WriteState::kDone : WriteState::kUnknown;
}

Write read_write(const SqlRows& rows, std::size_t row) {
  return {.id = rows.text(row, 0),
          .gateway = rows.text(row, 1),
          .idempotency_key = rows.text(row, 2),
          .operation = rows.text(row, 3),
          .input_hash = rows.text(row, 4),
          .payment_id = rows.text(row, 5),
          .state = write_state_from_name(rows.text(row, 6)),
          .created_at = rows.integer(row, 7),
          .deadline_at = rows.integer(row, 8),
          .settled_at = rows.integer(row, 9),
          .outcome = rows.text(row, 10),
          .input = rows.text(row, 11),
          .look_at = rows.integer(row, 12),
          .looks = rows.integer(row, 13)};
}

std::vector<Write> read_writes(const SqlRows& rows) {
  std::vector<Write> writes;
  for (std::size_t row = 0; row < rows.size(); ++row) writes.push_back(read_write(rows, row));
  return writes;
}

// Made anew for each statement: the store's thread may still be at work when statics are destroyed.
std::string with_columns(std::string_view before, std::string_view after) {
  return std::string(before).append(kWriteColumns).append(after);
}

}  // namespace

// A write that is there already under its own id is this one: the same change, run again. One that stood in the way and
// has gone since, because somebody forgot it, leaves its key to this one.
Result<std::optional<Write>> SqlStore::claim_write(const Write& write) {
  const std::string insert = with_columns("INSERT INTO writes (",
                                          ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "
                                          "$14) ON CONFLICT (gateway, idempotency_key) DO "
                                          "NOTHING");
  const std::string find = with_columns("SELECT ", " FROM writes WHERE gateway = $1 AND idempotency_key = $2");
  constexpr int kMaxTries = 10;
  for (int tries = 0; tries < kMaxTries; ++tries) {
    TILL_ASSIGN(
        const SqlRows inserted,
        database_->query(insert, {write.id, write.gateway, write.idempotency_key, write.operation, write.input_hash,
                                  write.payment_id, write_state_name(write.state), write.created_at, write.deadline_at,
                                  write.settled_at, write.outcome, write.input, write.look_at, write.looks}));
    if (inserted.changed == 1) return std::optional<Write>();
    TILL_ASSIGN(const SqlRows rows, database_->query(locking(find), {write.gateway, write.idempotency_key}));
    if (rows.size() == 0) continue;
    Write earlier = read_write(rows, 0);
    if (earlier.id == write.id) return std::optional<Write>();
    return std::optional(std::move(earlier));
  }
  return Error{.kind = ErrorKind::kInternal,
               .code = "store_conflict",
               .message = "the store cannot be used: a recorded write comes and goes",
               .retryable = true};
}

Result<std::optional<Write>> SqlStore::find_write(std::string_view id) {
  const std::string find = with_columns("SELECT ", " FROM writes WHERE id = $1");
  TILL_ASSIGN(const SqlRows rows, database_->query(locking(find), {id}));
  return rows.size() == 0 ? std::nullopt : std::optional(read_write(rows, 0));
}

Status SqlStore::settle_write(std::string_view id, WriteState state, std::string_view outcome, UnixMillis now_ms) {
  TILL_ASSIGN(const SqlRows settled,
              state == WriteState::kDone
                  ? database_->query(
                        "UPDATE writes SET state = 'done', settled_at = $1, outcome = $2, input = '' WHERE id = $3 AND "
                        "state <> 'done'",
                        {now_ms, outcome, id})
                  : database_->query(
                        "UPDATE writes SET state = $1, outcome = $2, look_at = 0 WHERE id = $3 AND state <> 'done'",
                        {write_state_name(state), outcome, id}));
  if (settled.changed == 1) return {};
  TILL_ASSIGN(const SqlRows done, database_->query("SELECT id FROM writes WHERE id = $1", {id}));
  if (done.size() == 1) return {};
  return Error{.kind = ErrorKind::kInternal,
               .code = "store_write_gone",
               .message = "the store has no record of this call any more"};
}

Status SqlStore::forget_write(std::string_view id) {
  return run("DELETE FROM writes WHERE id = $1 AND state <> 'done'", {id});
}

Result<std::vector<Write>> SqlStore::take_unsettled_writes(std::string_view gateway, UnixMillis now_ms,
                                                           UnixMillis again_at, std::size_t limit) {
  const std::string take = with_columns(
      "WITH due AS MATERIALIZED (SELECT id AS due_id FROM writes WHERE gateway = $1 AND state <> 'done' AND "
      "look_at <= $2 AND (state = 'unknown' OR deadline_at < $2) ORDER BY look_at, id LIMIT $3" +
          std::string(database_->skip_locked()) +
          ") UPDATE writes SET look_at = $4, looks = looks + 1 WHERE id IN (SELECT due_id FROM due) RETURNING ",
      "");
  TILL_ASSIGN(const SqlRows rows, database_->query(take, {gateway, now_ms, sql_limit(limit), again_at}));
  return read_writes(rows);
}

Result<std::optional<UnixMillis>> SqlStore::next_look(std::string_view gateway) {
  TILL_ASSIGN(
      const SqlRows writes,
      database_->query("SELECT CASE WHEN state = 'in_flight' AND deadline_at >= look_at THEN deadline_at + 1 "
                       "ELSE look_at END AS due FROM writes WHERE gateway = $1 AND state <> 'done' ORDER BY due "
                       "LIMIT 1",
                       {gateway}));
  TILL_ASSIGN(
      const SqlRows payments,
      database_->query("SELECT look_at FROM payments WHERE gateway = $1 AND look_at > 0 ORDER BY look_at LIMIT 1",
                       {gateway}));
  std::optional<UnixMillis> next;
  for (const SqlRows* rows : {&writes, &payments})
    if (rows->size() > 0) next = next ? std::min(*next, rows->integer(0, 0)) : rows->integer(0, 0);
  return next;
}

Status SqlStore::put_off_write(std::string_view id, UnixMillis look_at) {
  return run("UPDATE writes SET look_at = $1 WHERE id = $2", {look_at, id});
}

Result<std::vector<Write>> SqlStore::list_writes(const WriteQuery& query) {
  SqlConditions conditions;
  if (!query.gateway.empty()) conditions.add("gateway = ?", query.gateway);
  if (!query.payment_id.empty()) conditions.add("payment_id = ?", query.payment_id);
  if (query.only_unsettled) conditions.add("state <> 'done'");
  TILL_ASSIGN(const SqlRows rows,
              newest(with_columns("SELECT ", " FROM writes"), conditions, query.before_id, query.limit));
  return read_writes(rows);
}

}  // namespace till
