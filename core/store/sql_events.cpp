// SqlStore: events and their inbox.
#include <algorithm>

#include "core/store/sql_store.h"

namespace till {
namespace {

#define TILL_EVENT_COLUMNS \
  "id, gateway, payment_id, type, source, at, detail, state, attempts, due_at, lease, last_error, sequence"

Event read_event(const SqlRows& rows, std::size_t row) {
  return {.id = rows.text(row, 0),
          .gateway = rows.text(row, 1),
          .payment_id = rows.text(row, 2),
          .type = rows.text(row, 3),
          .source = rows.text(row, 4),
          .at = rows.integer(row, 5),
          .detail = rows.text(row, 6)};
}

InboxEvent read_inbox_event(const SqlRows& rows, std::size_t row) {
  return {.event = read_event(rows, row),
          .state = event_state_from_name(rows.text(row, 7)).value_or(EventState::kDead),
          .attempts = rows.integer(row, 8),
          .due_at = rows.integer(row, 9),
          .lease = rows.text(row, 10),
          .last_error = rows.text(row, 11)};
}

std::vector<InboxEvent> read_all(const SqlRows& rows, const std::vector<std::size_t>& order) {
  std::vector<InboxEvent> events;
  events.reserve(order.size());
  for (const std::size_t row : order) events.push_back(read_inbox_event(rows, row));
  return events;
}

std::vector<std::size_t> as_they_came(const SqlRows& rows) {
  std::vector<std::size_t> order(rows.size());
  for (std::size_t row = 0; row < order.size(); ++row) order[row] = row;
  return order;
}

// A statement that returns what it changed promises no order.
std::vector<std::size_t> by_sequence(const SqlRows& rows) {
  constexpr std::size_t kSequence = 12;
  std::vector<std::size_t> order = as_they_came(rows);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return rows.integer(a, kSequence) < rows.integer(b, kSequence); });
  return order;
}

}  // namespace

Status SqlStore::add_event(const Event& event) {
  ++inbox_changes_;
  return run(
      "INSERT INTO events (id, gateway, payment_id, type, source, at, detail, state) VALUES ($1, $2, $3, $4, $5, $6, "
      "$7, 'waiting') ON CONFLICT (id) DO NOTHING",
      {event.id, event.gateway, event.payment_id, event.type, event.source, event.at, event.detail});
}

Result<std::vector<Event>> SqlStore::list_events(std::string_view payment_id) {
  TILL_ASSIGN(const SqlRows rows,
              database_->query("SELECT id, gateway, payment_id, type, source, at, detail FROM events WHERE payment_id "
                               "= $1 ORDER BY sequence",
                               {payment_id}));
  std::vector<Event> events;
  for (std::size_t row = 0; row < rows.size(); ++row) events.push_back(read_event(rows, row));
  return events;
}

Result<std::vector<InboxEvent>> SqlStore::take_events(const EventTaking& taking) {
  const std::string take =
      "WITH due AS MATERIALIZED (SELECT e.sequence AS due_sequence FROM events e WHERE e.state IN ('waiting', 'taken') "
      "AND e.due_at <= $1 AND ($2 = '' OR e.gateway = $2) AND NOT EXISTS (SELECT 1 FROM events b WHERE b.payment_id = "
      "e.payment_id AND b.sequence < e.sequence AND b.state IN ('waiting', 'taken')) ORDER BY e.sequence LIMIT $3" +
      std::string(database_->skip_locked()) +
      ") UPDATE events SET state = 'taken', attempts = attempts + 1, due_at = $4, lease = $5 WHERE sequence IN (SELECT "
      "due_sequence FROM due) RETURNING " TILL_EVENT_COLUMNS;
  TILL_ASSIGN(const SqlRows rows, database_->query(take, {taking.now_ms, taking.gateway, sql_limit(taking.limit),
                                                          taking.lease_until, taking.lease}));
  return read_all(rows, by_sequence(rows));
}

Result<bool> SqlStore::settle_event(std::string_view id, std::string_view lease, EventState state, UnixMillis due_at,
                                    std::string_view last_error) {
  ++inbox_changes_;
  TILL_ASSIGN(const SqlRows rows,
              database_->query("UPDATE events SET state = $1, due_at = $2, last_error = $3, lease = '' WHERE id = $4 "
                               "AND state = 'taken' AND lease = $5",
                               {event_state_name(state), due_at, last_error, id, lease}));
  return rows.changed == 1;
}

Result<bool> SqlStore::release_event(std::string_view id, std::string_view lease, UnixMillis due_at) {
  ++inbox_changes_;
  TILL_ASSIGN(const SqlRows rows,
              database_->query("UPDATE events SET state = 'waiting', due_at = $1, attempts = attempts - 1, lease = '' "
                               "WHERE id = $2 AND state = 'taken' AND lease = $3",
                               {due_at, id, lease}));
  return rows.changed == 1;
}

Result<bool> SqlStore::replay_event(std::string_view id, UnixMillis now_ms) {
  ++inbox_changes_;
  TILL_ASSIGN(const SqlRows rows,
              database_->query("UPDATE events SET state = 'waiting', due_at = $1, attempts = 0, last_error = '', "
                               "lease = '' WHERE id = $2 AND state IN ('done', 'dead')",
                               {now_ms, id}));
  return rows.changed == 1;
}

Result<std::optional<InboxEvent>> SqlStore::find_event(std::string_view id) {
  TILL_ASSIGN(const SqlRows rows, database_->query("SELECT " TILL_EVENT_COLUMNS " FROM events WHERE id = $1", {id}));
  if (rows.size() == 0) return std::optional<InboxEvent>();
  return std::optional(read_inbox_event(rows, 0));
}

Result<std::vector<InboxEvent>> SqlStore::list_inbox(const InboxQuery& query) {
  SqlConditions conditions;
  if (!query.gateway.empty()) conditions.add("gateway = ?", query.gateway);
  if (!query.payment_id.empty()) conditions.add("payment_id = ?", query.payment_id);
  if (query.state) conditions.add("state = ?", event_state_name(*query.state));
  TILL_ASSIGN(const SqlRows rows,
              newest("SELECT " TILL_EVENT_COLUMNS " FROM events", conditions, query.before_id, query.limit));
  return read_all(rows, as_they_came(rows));
}

}  // namespace till
